//! TLS set-up: trust, the client's own certificate, and the protocol.

use super::trust;
use crate::LoadError;
use dualround_model::RequestPlan;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsConnector;

/// A connector as `--ca-cert` and `--insecure` ask.
///
/// # Errors
/// [`LoadError::Tls`] when the CA file cannot be used.
pub(crate) fn connector(request: &RequestPlan) -> Result<TlsConnector, LoadError> {
    let fail = |reason: String| LoadError::Tls { reason };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(error.to_string()))?;
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(trust::verifier(request, &provider)?);
    let config = match &request.client_cert {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let (chain, key) = identity(path, request.client_key.as_deref())?;
            let reason = |error| fail(format!("--client-cert {}: {error}", path.display()));
            builder.with_client_auth_cert(chain, key).map_err(reason)?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The same, offering HTTP/2 alone.
pub(crate) fn for_http2(connector: &TlsConnector) -> TlsConnector {
    let mut config = ClientConfig::clone(connector.config());
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// The client's own certificate with its chain, and its key.
fn identity(
    path: &Path,
    key: Option<&Path>,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), LoadError> {
    let fail = |flag: &str, path: &Path, reason: &str| LoadError::Tls {
        reason: format!("{flag} {}: {reason}", path.display()),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain = chain.map_err(|error| fail("--client-cert", path, &error.to_string()))?;
    if chain.is_empty() {
        return Err(fail("--client-cert", path, "no PEM certificate in it"));
    }
    let (flag, held) = match key {
        Some(key) => ("--client-key", key),
        None => ("--client-cert", path),
    };
    let key = PrivateKeyDer::from_pem_file(held)
        .map_err(|error| fail(flag, held, &format!("no private key: {error}")))?;
    Ok((chain, key))
}
