//! TLS set-up: the platform's trust, a CA file, or none.

use crate::LoadError;
use dualround_model::RequestPlan;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsConnector;

/// A connector as `--ca-cert` and `--insecure` ask, which offers HTTP/2 alone when it is to.
///
/// # Errors
/// [`LoadError::Tls`] when the CA file cannot be used.
pub(crate) fn connector(request: &RequestPlan, http2: bool) -> Result<TlsConnector, LoadError> {
    let fail = |reason: String| LoadError::Tls { reason };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(error.to_string()))?;
    let builder = if request.insecure {
        let verifier = Arc::new(NoVerifier(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else if let Some(path) = &request.ca_cert {
        builder.with_root_certificates(roots(path)?)
    } else {
        builder
            .with_platform_verifier()
            .map_err(|error| fail(error.to_string()))?
    };
    let mut config = match &request.client_cert {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let (chain, key) = identity(path, request.client_key.as_deref())?;
            let reason = |error| fail(format!("--client-cert {}: {error}", path.display()));
            builder.with_client_auth_cert(chain, key).map_err(reason)?
        }
    };
    if http2 {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Ok(TlsConnector::from(Arc::new(config)))
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

fn roots(path: &Path) -> Result<RootCertStore, LoadError> {
    let fail = |reason: &str| LoadError::Tls {
        reason: format!("--ca-cert {}: {reason}", path.display()),
    };
    let mut store = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| fail(&error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| fail(&error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| fail(&error.to_string()))?;
    }
    if store.is_empty() {
        return Err(fail("no PEM certificate in it"));
    }
    Ok(store)
}

/// Accepts any certificate: `--insecure`, recorded in the result.
#[derive(Debug)]
struct NoVerifier(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
