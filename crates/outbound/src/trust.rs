//! Whom an https receiver must be certified by, and how we speak TLS.
//!
//! The certificates of the machine, so that an operator's own authority works
//! once it is installed there (or named in `SSL_CERT_FILE`). A machine without
//! any, such as a bare container, gets Mozilla's list, which is built in.
//! Cryptography is ring; it is named here and never looked up from a global.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The authorities of this machine, or the built-in ones if it has none.
pub fn authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // Unreadable or odd certificates are left out: the others still work, and a
    // receiver that needs one of them fails with a text that says so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// TLS 1.2 and 1.3, HTTP/1.1 only.
pub fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_always_somebody_to_trust() {
        assert!(!super::authorities().is_empty());
    }
}
