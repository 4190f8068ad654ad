//! What is true of a store only: how it is told when it is down, silent, in trouble, or does not want us.
//!
//! Most of it needs no real store: a line of HTTP does.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::ground::{Ground, name};
use crate::bucket::Bucket;
use crate::connection::Patience;
use crate::{Error, Files, Location, S3, Settings};

const FEW_SECONDS: Duration = Duration::from_secs(5);

fn at(address: std::net::SocketAddr) -> S3 {
    S3 {
        endpoint: Some(format!("http://{address}/").parse().unwrap()),
        region: "us-east-1".into(),
        bucket: "files".into(),
        prefix: String::new(),
        access_key_id: "AKIAHONYAKU".into(),
        secret_access_key: "secret of the key".into(),
        path_style: true,
    }
}

fn open(settings: S3) -> Files {
    Files::open(&Settings { location: Location::S3(settings), secret: None }).unwrap()
}

/// A server that gives these answers, one a connection, the last one for ever.
async fn answering(answers: &[(u16, &str)]) -> S3 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = at(listener.local_addr().unwrap());
    let answers: Vec<String> = answers
        .iter()
        .map(|(status, body)| {
            let bytes = body.len();
            format!("HTTP/1.1 {status} Said\r\nContent-Length: {bytes}\r\nETag: \"e\"\r\nConnection: close\r\n\r\n{body}")
        })
        .collect();
    tokio::spawn(async move {
        let mut turn = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 16 * 1024];
            // The requests of these tests fit into one segment or two; the rest is not of interest.
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answers[turn.min(answers.len() - 1)].as_bytes()).await;
            turn += 1;
        }
    });
    settings
}

fn error_of_s3(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>A sentence.</Message></Error>")
}

#[tokio::test]
async fn a_store_that_is_down_is_unavailable_within_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let files = open(at(listener.local_addr().unwrap()));
    drop(listener);

    let began = Instant::now();
    let name = name(b"text");
    for error in [
        files.put(&name, "text".into()).await.unwrap_err(),
        files.get(&name).await.unwrap_err(),
        files.delete(&name).await.unwrap_err(),
        files.check().await.unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Unavailable(text) if text.contains("127.0.0.1")), "{error}");
        assert!(error.to_string().to_lowercase().contains("refused"), "says why: {error}");
    }
    assert!(began.elapsed() < 4 * FEW_SECONDS, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_store_that_is_silent_is_unavailable_when_patience_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let patience = Patience { answer: Duration::from_millis(300), ..Patience::default() };
    let bucket = Bucket::open_with(&at(listener.local_addr().unwrap()), patience).unwrap();

    let began = Instant::now();
    for error in [bucket.put("key", "text".into()).await.unwrap_err(), bucket.get("key").await.unwrap_err()] {
        assert!(
            matches!(&error, Error::Unavailable(text) if text.contains("no answer within 0.3 s")),
            "{error}"
        );
    }
    assert!(began.elapsed() < FEW_SECONDS, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_store_that_stops_in_the_middle_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let patience = Patience { answer: Duration::from_millis(300), ..Patience::default() };
    let bucket = Bucket::open_with(&at(listener.local_addr().unwrap()), patience).unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome").await;
            open.push(stream);
        }
    });

    let began = Instant::now();
    let error = bucket.get("key").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("no answer within")), "{error}");
    assert!(began.elapsed() < FEW_SECONDS, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_store_without_tls_is_not_spoken_to_in_the_clear() {
    let clear = answering(&[(200, "text")]).await;
    let endpoint = clear.endpoint.as_ref().unwrap().as_str().replace("http:", "https:").parse().unwrap();
    let error = open(S3 { endpoint: Some(endpoint), ..clear }).get(&name(b"text")).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("https://127.0.0.1")), "{error}");
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let trouble = (503, "<Error><Code>SlowDown</Code></Error>");
    let name = name(b"text");
    open(answering(&[trouble, trouble, (200, "")]).await).put(&name, "text".into()).await.unwrap();
    assert_eq!(open(answering(&[trouble, (200, "text")]).await).get(&name).await.unwrap(), "text");

    let began = Instant::now();
    let error = open(answering(&[trouble]).await).put(&name, "text".into()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("SlowDown")), "{error}");
    assert!(began.elapsed() < FEW_SECONDS, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_refusal_names_the_setting() {
    let cases = [
        (403, error_of_s3("InvalidAccessKeyId"), "access_key_id"),
        (403, error_of_s3("SignatureDoesNotMatch"), "secret_access_key"),
        (403, error_of_s3("AccessDenied"), "access_key_id"),
        (403, String::new(), "access_key_id"),
        (401, String::new(), "access_key_id"),
        (404, error_of_s3("NoSuchBucket"), "bucket"),
        (404, "<h1>There is no such page</h1>".to_owned(), "endpoint"),
        (400, error_of_s3("AuthorizationHeaderMalformed"), "region"),
        (301, error_of_s3("PermanentRedirect"), "region"),
        (307, String::new(), "region"),
    ];
    for (status, body, expected) in cases {
        let files = open(answering(&[(status, &body)]).await);
        let name = name(b"text");
        for error in [
            files.put(&name, "text".into()).await.unwrap_err(),
            files.get(&name).await.unwrap_err(),
            files.delete(&name).await.unwrap_err(),
            super::ground::first(&files).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, Error::Refused { setting, .. } if *setting == expected),
                "{status} {body}: {error}"
            );
            assert!(!error.to_string().contains("secret of the key"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_missing_key_is_not_there_only_if_the_store_says_so() {
    let name = name(b"text");
    let files = open(answering(&[(404, &error_of_s3("NoSuchKey"))]).await);
    assert!(matches!(files.get(&name).await, Err(Error::NotThere(_))));
    files.delete(&name).await.unwrap();
    let error = files.put(&name, "text".into()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { setting: "endpoint", .. }), "{error}");
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let good = || at("127.0.0.1:9".parse().unwrap());
    let endpoint = |text: &str| Some(text.parse().unwrap());
    let named = || S3 { path_style: false, endpoint: endpoint("http://localhost"), ..good() };
    for (settings, expected) in [
        (S3 { bucket: String::new(), ..good() }, "bucket"),
        (S3 { region: String::new(), ..good() }, "region"),
        (S3 { access_key_id: String::new(), ..good() }, "access_key_id"),
        (S3 { secret_access_key: String::new(), ..good() }, "secret_access_key"),
        (S3 { prefix: "a//b".into(), ..good() }, "prefix"),
        (S3 { endpoint: endpoint("ftp://127.0.0.1/"), ..good() }, "endpoint"),
        (S3 { endpoint: endpoint("http://me:password@127.0.0.1/"), ..good() }, "endpoint"),
        (S3 { endpoint: endpoint("http://127.0.0.1/?region=here"), ..good() }, "endpoint"),
        (S3 { bucket: "no bucket".into(), ..named() }, "bucket"),
        (S3 { path_style: false, ..good() }, "path_style"),
    ] {
        let error = Files::open(&Settings { location: Location::S3(settings), secret: None }).err().unwrap();
        assert!(
            matches!(&error, Error::Refused { setting, .. } if *setting == expected),
            "{expected}: {error}"
        );
    }
}

/// The real store's own words, not ours.
#[tokio::test]
async fn the_store_refuses_a_wrong_key() {
    let Some(Ground { location: Location::S3(good), .. }) = Ground::bucket() else { return };
    let name = name(b"text");
    for (settings, expected) in [
        (S3 { secret_access_key: "another".into(), ..good.clone() }, "secret_access_key"),
        (S3 { access_key_id: "AKIANOBODY".into(), ..good.clone() }, "access_key_id"),
        (S3 { bucket: "nobody-has-it".into(), ..good.clone() }, "bucket"),
    ] {
        let files = open(settings);
        for error in [
            files.put(&name, "text".into()).await.unwrap_err(),
            files.get(&name).await.unwrap_err(),
            files.delete(&name).await.unwrap_err(),
            super::ground::first(&files).await.unwrap_err(),
            files.check().await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, Error::Refused { setting, .. } if *setting == expected),
                "{expected}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn prefixes_keep_installations_apart() {
    let (Some(ours), Some(theirs)) = (Ground::bucket(), Ground::bucket()) else { return };
    let name = name(b"text");
    ours.plain().put(&name, "text".into()).await.unwrap();
    assert!(matches!(theirs.plain().get(&name).await, Err(Error::NotThere(_))));
    assert_eq!(super::ground::listed(&theirs.plain()).await, []);
    assert_eq!(super::ground::listed(&ours.plain()).await, [name]);
}
