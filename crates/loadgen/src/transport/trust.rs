//! Whom a server's certificate must be signed by: a CA file, the platform, or, told so, nobody.

use super::tls_words::is_ca_of_its_own;
use crate::LoadError;
use dualround_model::RequestPlan;
use rustls::{
    CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls_platform_verifier::Verifier;
use std::{path::Path, sync::Arc};

/// The verifier that `--ca-cert` and `--insecure` ask for, the platform's without them.
///
/// # Errors
/// [`LoadError::Tls`] when the CA file cannot be used.
pub(super) fn verifier(
    request: &RequestPlan,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, LoadError> {
    let fail = |reason: String| LoadError::Tls { reason };
    let trusting = |by: Option<Arc<dyn ServerCertVerifier>>, given| {
        Arc::new(Trusting {
            by,
            given,
            provider: Arc::clone(provider),
        })
    };
    if request.insecure {
        return Ok(trusting(None, Vec::new()));
    }
    let Some(path) = &request.ca_cert else {
        let by = Verifier::new(Arc::clone(provider)).map_err(|error| fail(error.to_string()))?;
        // The file that takes the place of the platform's, where there is one.
        let named = std::env::var_os("SSL_CERT_FILE").map(Into::into);
        let named: Option<std::path::PathBuf> = named;
        let given = match named {
            Some(path) => certificates(&path)
                .map_err(|reason| fail(format!("SSL_CERT_FILE {}: {reason}", path.display())))?,
            None => Vec::new(),
        };
        return Ok(trusting(Some(Arc::new(by)), given));
    };
    let given = certificates(path).map_err(|reason| fail(named(path, &reason)))?;
    let mut roots = RootCertStore::empty();
    for certificate in &given {
        let added = roots.add(certificate.clone());
        added.map_err(|error| fail(named(path, &error.to_string())))?;
    }
    let roots = Arc::new(roots);
    let by = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    let by = by.map_err(|error| fail(named(path, &error.to_string())))?;
    Ok(trusting(Some(by), given))
}

fn named(path: &Path, reason: &str) -> String {
    format!("--ca-cert {}: {reason}", path.display())
}

/// How a certificate begins in DER: a sequence whose length takes two bytes.
const DER: &[u8] = &[0x30, 0x82];

/// Its version behind that, as PKCS#12 has it.
const PKCS12: &[u8] = &[0x02, 0x01, 0x03];

/// The certificates of a PEM file.
///
/// # Errors
/// A reason in words, with the command that makes one of the usual other forms a PEM file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let read = read.map_err(|_| {
        "its PEM is broken: BEGIN, END and the lines between them stand on lines of their own"
            .to_owned()
    })?;
    if !read.is_empty() {
        return Ok(read);
    }
    let text = String::from_utf8_lossy(&bytes);
    Err(if text.contains("BEGIN TRUSTED CERTIFICATE") {
        "a TRUSTED CERTIFICATE of OpenSSL's own form; `openssl x509 -in FILE -out cert.pem` writes it \
         as others read it"
            .to_owned()
    } else if bytes.starts_with(DER) && bytes.get(4..).is_some_and(|rest| rest.starts_with(PKCS12))
    {
        "no PEM, but PKCS#12; `openssl pkcs12 -in FILE -nokeys -out cert.pem` writes its \
         certificates as PEM (`-nocerts -noenc` its key)"
            .to_owned()
    } else if bytes.starts_with(DER) {
        "no PEM, but DER; `openssl x509 -inform der -in FILE -out cert.pem` writes it as PEM"
            .to_owned()
    } else {
        "no PEM certificate in it".to_owned()
    })
}

/// Trusts what a chain leads to, and a server whose very certificate was given: one that was made
/// with `openssl req -x509` is a CA of its own, which no chain may end in, and the CA of another may
/// not be known here.
#[derive(Debug)]
struct Trusting {
    /// Who looks at the chain; nobody under `--insecure`, which is recorded in the result.
    by: Option<Arc<dyn ServerCertVerifier>>,
    given: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(by) = &self.by else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // Its dates have been looked at before that.
            Err(error)
                if ends_in_itself(&error) && self.given.iter().any(|one| one == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The certificate is refused for what stands above it alone.
fn ends_in_itself(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        rustls::Error::InvalidCertificate(refused) => is_ca_of_its_own(refused),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f018_a_certificate_in_der_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.der");
        std::fs::write(&path, [0x30, 0x82, 0x03, 0x01, 0xff, 0x80]).unwrap();
        let refused = certificates(&path).unwrap_err();
        assert!(refused.contains("-inform der"), "{refused}");
        assert!(certificates(&folder.path().join("none")).is_err());
        std::fs::write(&path, [0x30, 0x82, 0x03, 0x01, 0x02, 0x01, 0x03]).unwrap();
        let refused = certificates(&path).unwrap_err();
        assert!(refused.contains("openssl pkcs12"), "{refused}");
        std::fs::write(&path, DER).unwrap();
        assert!(certificates(&path).is_err());
    }
}
