//! A TLS handshake that failed, in words that say what is left to do.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};
use std::io;

/// The error of a handshake with this host, and what is left to do about it.
pub(super) fn handshake_words(host: &str, error: &io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    let (said, advice) = match inner {
        Some(known) => explained(known),
        None => (error.to_string(), ""),
    };
    format!("TLS handshake with {host}: {said}{advice}")
}

/// The error of a connection that broke off. A server of TLS 1.3 refuses a client without a certificate
/// only behind the handshake.
pub(super) fn broken_words(error: &io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    inner.map_or_else(
        || error.to_string(),
        |known| {
            let (said, advice) = explained(known);
            format!("{said}{advice}")
        },
    )
}

fn explained(error: &Error) -> (String, &'static str) {
    match error {
        Error::AlertReceived(AlertDescription::CertificateRequired) => (
            error.to_string(),
            "; the server wants a certificate of this client: --client-cert FILE gives one",
        ),
        Error::InvalidCertificate(refused) => (
            certificate_words(refused, error),
            certificate_advice(refused),
        ),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            error.to_string(),
            "; the server does not seem to speak TLS here: is it http:// ?",
        ),
        Error::AlertReceived(AlertDescription::HandshakeFailure) => (
            error.to_string(),
            "; the server has no protocol, cipher or kind of key in common with this client (TLS 1.2 and 1.3; ECDSA on P-256 and P-384, Ed25519, RSA)",
        ),
        _ => (error.to_string(), ""),
    }
}

fn certificate_words(refused: &CertificateError, error: &Error) -> String {
    if is_ca_of_its_own(refused) {
        return "invalid peer certificate: it is a CA of its own (self-signed)".to_owned();
    }
    error.to_string()
}

fn certificate_advice(refused: &CertificateError) -> &'static str {
    match refused {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "; its dates, or this machine's clock, are to be put right; --insecure skips verification"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "; its names are those of subjectAltName, not of CN (openssl req -addext subjectAltName=DNS:NAME); --insecure skips verification"
        }
        _ => {
            "; --ca-cert FILE names the CA of this server, or its own certificate; --insecure skips verification"
        }
    }
}

/// Whether the certificate is marked as a CA, and none that is trusted stands above it.
pub(super) fn is_ca_of_its_own(refused: &CertificateError) -> bool {
    let CertificateError::Other(other) = refused else {
        return false;
    };
    let OtherError(cause) = other;
    let cause = cause.downcast_ref::<webpki::Error>();
    matches!(cause, Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f018_what_is_left_to_do_is_said() {
        let words = |error: Error| handshake_words("h", &io::Error::other(error));
        for (error, right) in [
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "--ca-cert FILE",
            ),
            (
                Error::InvalidCertificate(CertificateError::Expired),
                "clock",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                "subjectAltName",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "http://",
            ),
            (
                Error::AlertReceived(AlertDescription::HandshakeFailure),
                "kind of key",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "--client-cert FILE",
            ),
        ] {
            let said = words(error);
            assert!(
                said.starts_with("TLS handshake with h: ") && said.contains(right),
                "{said}"
            );
        }
        assert_eq!(
            handshake_words("h", &io::Error::other("gone")),
            "TLS handshake with h: gone"
        );
    }
}
