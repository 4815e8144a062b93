//! TLS set-up: trust, the client's own certificate, and the protocol.

use super::trust::{self, certificates};
use crate::{LoadError, TlsFile};
use dualround_model::NetworkPlan;
use rustls::ClientConfig;
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsConnector;

/// TLS as connections of either version of HTTP open it.
#[derive(Clone)]
pub(crate) struct Tls {
    http1: TlsConnector,
    /// It offers HTTP/2 alone.
    http2: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// TLS that trusts whom the plan trusts, with the client's certificate where it has one.
    ///
    /// # Errors
    /// [`LoadError::TlsFile`] when a file cannot be used; [`LoadError::Tls`].
    pub(super) fn of(plan: &NetworkPlan) -> Result<Self, LoadError> {
        let config = config(plan)?;
        let mut for_http2 = config.clone();
        for_http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            http1: TlsConnector::from(Arc::new(config)),
            http2: TlsConnector::from(Arc::new(for_http2)),
        })
    }

    /// What opens a connection that speaks HTTP/2, or HTTP/1.1.
    pub(super) fn connector(&self, http2: bool) -> &TlsConnector {
        if http2 { &self.http2 } else { &self.http1 }
    }
}

fn config(plan: &NetworkPlan) -> Result<ClientConfig, LoadError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| LoadError::Tls {
            reason: error.to_string(),
        })?;
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(trust::verifier(plan, &provider)?);
    let Some(path) = &plan.client_cert else {
        return Ok(builder.with_no_client_auth());
    };
    let (chain, key) = identity(path, plan.client_key.as_deref())?;
    let config = builder.with_client_auth_cert(chain, key);
    config.map_err(|error| LoadError::tls_file(TlsFile::ClientCert, path, &error))
}

/// The client's own certificate with its chain, and its key.
fn identity(
    path: &Path,
    key: Option<&Path>,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), LoadError> {
    let chain = certificates(path)
        .map_err(|error| LoadError::tls_file(TlsFile::ClientCert, path, &error))?;
    let (file, held) = match key {
        Some(key) => (TlsFile::ClientKey, key),
        None => (TlsFile::ClientCert, path),
    };
    let key = PrivateKeyDer::from_pem_file(held).map_err(|error| {
        let reason = format!("no private key: {}", no_key(held, &error));
        LoadError::tls_file(file, held, &reason)
    })?;
    Ok((chain, key))
}

/// Why a file holds no private key that can be used.
fn no_key(path: &Path, error: &pem::Error) -> String {
    let held = std::fs::read(path).unwrap_or_default();
    let held = String::from_utf8_lossy(&held);
    if held.contains("ENCRYPTED") {
        "it is encrypted; `openssl pkey -in FILE -out key.pem` writes it without its pass phrase"
            .to_owned()
    } else if held.contains("BEGIN PUBLIC KEY") {
        "a public key is no private one".to_owned()
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f018_keys_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let refused = |kind: &str| {
            let text = format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
            std::fs::write(&path, text).unwrap();
            no_key(&path, &PrivateKeyDer::from_pem_file(&path).unwrap_err())
        };
        let encrypted = refused("ENCRYPTED PRIVATE KEY");
        assert!(encrypted.contains("pass phrase"), "{encrypted}");
        assert!(refused("PUBLIC KEY").contains("public key"));
        assert!(!refused("CERTIFICATE").contains("public key"));
    }
}
