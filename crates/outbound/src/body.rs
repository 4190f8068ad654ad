//! The three ways to wrap a payload, chosen by an option of the API key.
//!
//! The payload is JSON text that was frozen with the event; it is carried byte
//! for byte, and the same payload always gives the same body, so a retry can be
//! compared with the first attempt.

use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// How the payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`, one field. The default.
    #[default]
    Form,
    /// `multipart/form-data`, one field. What the oldest clients read.
    Multipart,
    /// `application/json`, an object with one member.
    Json,
}

/// Wraps a payload; gives the content type and the body.
///
/// `field` is `job` or `comment`, a plain word that needs no escaping;
/// `json_text` is one JSON value.
pub fn encode(encoding: Encoding, field: &str, json_text: &str) -> (String, Vec<u8>) {
    assert!(
        !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        "the field of a callback is a plain word, not {field:?}"
    );
    match encoding {
        Encoding::Form => form(field, json_text),
        Encoding::Multipart => multipart(field, json_text),
        Encoding::Json => ("application/json".into(), format!("{{\"{field}\":{json_text}}}").into_bytes()),
    }
}

fn form(field: &str, json_text: &str) -> (String, Vec<u8>) {
    let pairs = form_urlencoded::Serializer::new(String::new()).append_pair(field, json_text).finish();
    ("application/x-www-form-urlencoded".into(), pairs.into_bytes())
}

fn multipart(field: &str, json_text: &str) -> (String, Vec<u8>) {
    let boundary = boundary(json_text);
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{json_text}\r\n--{boundary}--\r\n"
    );
    (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
}

/// A boundary made of the payload's hash: nobody can write a payload that holds its own.
fn boundary(json_text: &str) -> String {
    let digest = Sha256::digest(json_text);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("honyaku-{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"job_id":"1","body_tgt":"翻訳 & more = 100%\r\n+","credits":"0.15"}"#;

    #[test]
    fn a_form_has_one_field_that_decodes_to_the_payload() {
        let (content_type, body) = encode(Encoding::Form, "job", PAYLOAD);
        assert_eq!(content_type, "application/x-www-form-urlencoded");
        assert!(body.is_ascii());
        let fields: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
        assert_eq!(fields, [("job".to_owned(), PAYLOAD.to_owned())]);
    }

    #[test]
    fn a_form_is_written_as_browsers_write_it() {
        let (_, body) = encode(Encoding::Form, "comment", r#"{"body":"a b&c é"}"#);
        assert_eq!(String::from_utf8(body).unwrap(), "comment=%7B%22body%22%3A%22a+b%26c+%C3%A9%22%7D");
    }

    #[test]
    fn a_multipart_body_has_one_part_with_the_payload_as_it_is() {
        let (content_type, body) = encode(Encoding::Multipart, "job", PAYLOAD);
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert!(boundary.len() <= 70 && !PAYLOAD.contains(boundary));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{PAYLOAD}\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }

    #[test]
    fn a_payload_cannot_smuggle_in_a_boundary() {
        let (guessed, _) = encode(Encoding::Multipart, "job", "{}");
        let boundary = guessed.strip_prefix("multipart/form-data; boundary=").unwrap();
        let payload = format!("{{\"body\":\"--{boundary}--\"}}");
        let (content_type, body) = encode(Encoding::Multipart, "job", &payload);
        let actual = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_ne!(actual, boundary);
        assert_eq!(String::from_utf8(body).unwrap().matches(actual).count(), 2);
    }

    #[test]
    fn json_is_an_object_with_one_member() {
        let (content_type, body) = encode(Encoding::Json, "comment", r#"{"job_id":"1"}"#);
        assert_eq!(content_type, "application/json");
        assert_eq!(body, br#"{"comment":{"job_id":"1"}}"#);
    }

    #[test]
    fn the_same_payload_gives_the_same_body() {
        for encoding in [Encoding::Form, Encoding::Multipart, Encoding::Json] {
            assert_eq!(encode(encoding, "job", PAYLOAD), encode(encoding, "job", PAYLOAD));
        }
    }
}
