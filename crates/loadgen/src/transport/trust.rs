//! Whom a server's certificate must be signed by: a CA file, the platform, or, told so, nobody.

use super::tls_words::is_ca_of_its_own;
use crate::{LoadError, TlsFile};
use dualround_model::NetworkPlan;
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
use std::{io, path::Path, sync::Arc};

/// The verifier of a plan: its CA's where it names one, the platform's without, or one that verifies
/// nothing.
///
/// # Errors
/// [`LoadError::TlsFile`] when the CA file cannot be used; [`LoadError::Tls`].
pub(super) fn verifier(
    plan: &NetworkPlan,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, LoadError> {
    if plan.insecure {
        return Ok(Trusting::of(provider, None, Vec::new()));
    }
    let Some(path) = &plan.ca_cert else {
        let platform = Verifier::new(Arc::clone(provider)).map_err(|error| LoadError::Tls {
            reason: error.to_string(),
        })?;
        let given = system_certificates()?;
        return Ok(Trusting::of(provider, Some(Arc::new(platform)), given));
    };
    let given =
        certificates(path).map_err(|error| LoadError::tls_file(TlsFile::Ca, path, &error))?;
    let mut roots = RootCertStore::empty();
    for certificate in &given {
        let added = roots.add(certificate.clone());
        added.map_err(|error| LoadError::tls_file(TlsFile::Ca, path, &error))?;
    }
    let roots = Arc::new(roots);
    let by = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    let by = by.map_err(|error| LoadError::tls_file(TlsFile::Ca, path, &error))?;
    Ok(Trusting::of(provider, Some(by), given))
}

/// The certificates of the file that takes the place of the platform's, where there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "the variable of every TLS client, which the platform's verifier reads as well"
)]
fn system_certificates() -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE") else {
        return Ok(Vec::new());
    };
    let path = Path::new(&path);
    certificates(path).map_err(|error| LoadError::tls_file(TlsFile::SystemCa, path, &error))
}

/// How a certificate begins in DER: a sequence whose length takes two bytes.
const DER: &[u8] = &[0x30, 0x82];

/// Its version behind that, as PKCS#12 has it.
const PKCS12: &[u8] = &[0x02, 0x01, 0x03];

/// Why a file gives no certificates, with the command that makes one of the usual other forms a PEM
/// file.
#[derive(Debug, thiserror::Error)]
pub(super) enum PemError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("its PEM is broken: BEGIN, END and the lines between them stand on lines of their own")]
    Broken,
    #[error(
        "a TRUSTED CERTIFICATE of OpenSSL's own form; `openssl x509 -in FILE -out cert.pem` writes it \
         as others read it"
    )]
    Trusted,
    #[error(
        "no PEM, but PKCS#12; `openssl pkcs12 -in FILE -nokeys -out cert.pem` writes its \
         certificates as PEM (`-nocerts -noenc` its key)"
    )]
    Pkcs12,
    #[error("no PEM, but DER; `openssl x509 -inform der -in FILE -out cert.pem` writes it as PEM")]
    Der,
    #[error("no PEM certificate in it")]
    Nothing,
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`PemError`] when there is none in it.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let bytes = std::fs::read(path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let read = read.map_err(|_| PemError::Broken)?;
    if !read.is_empty() {
        return Ok(read);
    }
    let text = String::from_utf8_lossy(&bytes);
    Err(if text.contains("BEGIN TRUSTED CERTIFICATE") {
        PemError::Trusted
    } else if bytes.starts_with(DER) && bytes.get(4..).is_some_and(|rest| rest.starts_with(PKCS12))
    {
        PemError::Pkcs12
    } else if bytes.starts_with(DER) {
        PemError::Der
    } else {
        PemError::Nothing
    })
}

/// Trusts what a chain leads to, and a server whose very certificate was given: one that was made
/// with `openssl req -x509` is a CA of its own, which no chain may end in, and the CA of another may
/// not be known here.
#[derive(Debug)]
struct Trusting {
    /// Who looks at the chain; nobody where the plan says so, which is recorded in the result.
    by: Option<Arc<dyn ServerCertVerifier>>,
    given: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Trusting {
    fn of(
        provider: &Arc<CryptoProvider>,
        by: Option<Arc<dyn ServerCertVerifier>>,
        given: Vec<CertificateDer<'static>>,
    ) -> Arc<dyn ServerCertVerifier> {
        Arc::new(Self {
            by,
            given,
            provider: Arc::clone(provider),
        })
    }
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
        let refused = certificates(&path).unwrap_err().to_string();
        assert!(refused.contains("-inform der"), "{refused}");
        assert!(certificates(&folder.path().join("none")).is_err());
        std::fs::write(&path, [0x30, 0x82, 0x03, 0x01, 0x02, 0x01, 0x03]).unwrap();
        let refused = certificates(&path).unwrap_err().to_string();
        assert!(refused.contains("openssl pkcs12"), "{refused}");
        std::fs::write(&path, DER).unwrap();
        assert!(certificates(&path).is_err());
    }
}
