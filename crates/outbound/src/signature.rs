//! Standard Webhooks v1: what lets a receiver trust a callback.
//!
//! The signed text is `{id}.{timestamp}.{body}`, the key the base64 part of the
//! secret `whsec_…`, the signature `v1,` and the base64 of the HMAC-SHA256.
//! While a secret is rotated, both sign: the header lists the signatures with a
//! space between them, and a receiver takes any one that fits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// What every secret begins with.
pub const SECRET_PREFIX: &str = "whsec_";

/// The bytes of chance in a new secret.
pub const SECRET_BYTES: usize = 32;

/// Why nothing was signed. The secret itself is never part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// The secret lacks its prefix.
    #[error("a callback secret must begin with whsec_")]
    Prefix,
    /// The rest of the secret is not base64, or is empty.
    #[error("a callback secret must be whsec_ and then base64")]
    Base64,
    /// No secret was given.
    #[error("there is no callback secret to sign with")]
    NoSecret,
}

/// The value of `webhook-signature` for one secret: `v1,<base64>`.
///
/// `timestamp` is in Unix seconds, and the same as in `webhook-timestamp`.
pub fn sign(secret_whsec: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, SignError> {
    let key = secret_whsec.strip_prefix(SECRET_PREFIX).ok_or(SignError::Prefix)?;
    let key = BASE64.decode(key).map_err(|_| SignError::Base64)?;
    if key.is_empty() {
        return Err(SignError::Base64);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

/// The value of `webhook-signature` for every secret that is valid now, the newest first.
pub fn sign_all(
    secrets: &[impl AsRef<str>],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, SignError> {
    if secrets.is_empty() {
        return Err(SignError::NoSecret);
    }
    let signatures: Result<Vec<_>, _> =
        secrets.iter().map(|secret| sign(secret.as_ref(), id, timestamp, body)).collect();
    Ok(signatures?.join(" "))
}

/// A new secret made of bytes from the system's random source.
pub fn new_secret(random: &[u8; SECRET_BYTES]) -> String {
    format!("{SECRET_PREFIX}{}", BASE64.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "evt_4711";
    const TIMESTAMP: i64 = 1_700_000_000;
    const BODY: &[u8] = b"job=%7B%22job_id%22%3A%221%22%7D";

    // Computed with Python's hmac:
    //   key = bytes(range(24))            (second: bytes(range(100, 132)))
    //   text = b"evt_4711.1700000000." + body
    //   base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    const FIRST: (&str, &str) =
        ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "v1,3c9cX1FifNgZrXgzUFWYDZq9EFZog2bLCB3i4WzByzU=");
    const SECOND: (&str, &str) = (
        "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=",
        "v1,VMT3Mw2DB0/cbpqtQdOnytm6NFrZxsjuzBGrVaEK37k=",
    );

    #[test]
    fn signatures_are_those_of_an_independent_implementation() {
        for (secret, signature) in [FIRST, SECOND] {
            assert_eq!(sign(secret, ID, TIMESTAMP, BODY).as_deref(), Ok(signature));
        }
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let both = sign_all(&[SECOND.0, FIRST.0], ID, TIMESTAMP, BODY);
        assert_eq!(both, Ok(format!("{} {}", SECOND.1, FIRST.1)));
        assert_eq!(sign_all(&[FIRST.0], ID, TIMESTAMP, BODY).as_deref(), Ok(FIRST.1));
    }

    #[test]
    fn every_part_of_the_message_counts() {
        let original = sign(FIRST.0, ID, TIMESTAMP, BODY);
        assert_ne!(sign(FIRST.0, "evt_4712", TIMESTAMP, BODY), original);
        assert_ne!(sign(FIRST.0, ID, TIMESTAMP + 1, BODY), original);
        assert_ne!(sign(FIRST.0, ID, TIMESTAMP, b"job="), original);
    }

    #[test]
    fn a_bad_secret_is_refused() {
        let cases = [
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", SignError::Prefix),
            ("", SignError::Prefix),
            ("whsec_", SignError::Base64),
            ("whsec_***", SignError::Base64),
        ];
        for (secret, error) in cases {
            assert_eq!(sign(secret, ID, TIMESTAMP, BODY), Err(error), "{secret:?}");
        }
        assert_eq!(sign_all(&[""; 0], ID, TIMESTAMP, BODY), Err(SignError::NoSecret));
    }

    #[test]
    fn a_new_secret_holds_all_its_chance_and_signs() {
        let secret = new_secret(&[0xfb; SECRET_BYTES]);
        assert_eq!(secret, "whsec_+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=");
        assert!(sign(&secret, ID, TIMESTAMP, BODY).is_ok());
    }
}
