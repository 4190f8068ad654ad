//! https: a good certificate is spoken to, a bad one is not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::receiver::Receiver;
use super::{LOOPBACK, PATIENT, failure, job_for};
use crate::client::Client;
use crate::outcome::FailureKind;
use crate::resolver::{Lookup, Resolver};

/// Every name is this machine.
struct Here;

impl Resolver for Here {
    fn lookup(&self, _name: &str) -> Lookup {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }
}

/// An https receiver called hook.example, and the authority that certified it.
struct SecureReceiver {
    port: u16,
    authority: RootCertStore,
}

impl SecureReceiver {
    async fn open() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["hook.example".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));

        let mut authority = RootCertStore::empty();
        authority.add(issuer.der().clone()).unwrap();
        SecureReceiver { port, authority }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that turns the certificate down ends the handshake here.
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await;
        let _ = stream.shutdown().await;
    }
}

fn trusting(authority: RootCertStore) -> Client {
    Client::assemble(LOOPBACK, PATIENT, Arc::new(Here), authority).unwrap()
}

#[tokio::test]
async fn a_certified_receiver_is_delivered_to() {
    let receiver = SecureReceiver::open().await;
    let client = trusting(receiver.authority);
    let outcome = client.post(job_for(&format!("https://hook.example:{}/", receiver.port))).await;
    assert!(outcome.delivered(), "{outcome:?}");
    assert_eq!(outcome.answer, b"secret");
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let receiver = SecureReceiver::open().await;
    let client = Client::with_resolver(LOOPBACK, PATIENT, Arc::new(Here)).unwrap();
    let outcome = client.post(job_for(&format!("https://hook.example:{}/", receiver.port))).await;
    let (kind, text) = failure(&outcome);
    assert_eq!(kind, FailureKind::Tls, "{text}");
    assert!(text.contains("UnknownIssuer"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_accepted() {
    let receiver = SecureReceiver::open().await;
    let client = trusting(receiver.authority);
    let outcome = client.post(job_for(&format!("https://other.example:{}/", receiver.port))).await;
    let (kind, text) = failure(&outcome);
    assert_eq!(kind, FailureKind::Tls, "{text}");
    assert!(text.contains("other.example"), "{text}");
}

#[tokio::test]
async fn a_receiver_without_tls_fails_in_tls() {
    async fn hang_up(mut stream: TcpStream) {
        let _ = stream.read(&mut [0; 4096]).await;
    }
    async fn speak_plainly(mut stream: TcpStream) {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    }
    let plain = Receiver::doing(speak_plainly).await;
    let mute = Receiver::doing(hang_up).await;
    for port in [plain.port(), mute.port()] {
        let client = trusting(RootCertStore::empty());
        let outcome = client.post(job_for(&format!("https://hook.example:{port}/"))).await;
        assert_eq!(failure(&outcome).0, FailureKind::Tls, "{outcome:?}");
    }
}
