//! Encrypts contents for a place that others may look into.
//!
//! A sealed object is a header and what XChaCha20-Poly1305 makes of the content:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic; the last one is the version |
//! | 8 | the mark of the secret: tells a wrong secret from a damaged object |
//! | 24 | the nonce, random: long enough to be drawn blindly for any number of objects |
//! | as the content | the ciphertext |
//! | 16 | the tag, over the header and the key that the object is kept under as well |
//!
//! So an object that somebody has put in another's place does not open. The header needs not be unmistakable: what hashes
//! to its name is plain, whatever it begins with, and is never opened.

use bytes::Bytes;
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::Error;

const MAGIC: [u8; 8] = *b"HNYFILE\x01";
const MARK_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const PREAMBLE_BYTES: usize = MAGIC.len() + MARK_BYTES;
const HEADER_BYTES: usize = PREAMBLE_BYTES + NONCE_BYTES;

/// Why bytes do not open.
#[derive(Debug, PartialEq, Eq)]
pub enum Unopened {
    /// They are not sealed, or not any more.
    Damaged,
    /// They are sealed with another secret.
    OtherSecret,
}

/// True if the bytes look as if [`Sealer::seal`] had made them.
pub fn looks_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Seals and opens with the installation's secret.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    mark: [u8; MARK_BYTES],
}

impl Sealer {
    /// Derives what it needs, so that the secret may serve other purposes too.
    pub fn new(secret: &[u8; 32]) -> Self {
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&derive(secret, "honyaku files: mark of the secret")[..MARK_BYTES]);
        let key = derive(secret, "honyaku files: XChaCha20-Poly1305 key");
        Self { cipher: XChaCha20Poly1305::new(&key.into()), mark }
    }

    /// Seals a content that will be kept under this key.
    pub fn seal(&self, key: &str, content: &[u8]) -> Result<Bytes, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|error| Error::Unavailable(format!("no random bytes: {error}")))?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + content.len() + TAG_BYTES);
        sealed.extend_from_slice(&MAGIC);
        sealed.extend_from_slice(&self.mark);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let bound = bound(&sealed[..PREAMBLE_BYTES], key);
        let body = &mut sealed[HEADER_BYTES..];
        let tag = self
            .cipher
            .encrypt_inout_detached(&XNonce::from(nonce), &bound, body.into())
            .map_err(|_| Error::Unavailable("a file of 256 GiB cannot be encrypted".into()))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed.into())
    }

    /// Opens what was sealed for this key. Takes no second copy if nobody else holds the bytes.
    pub fn open(&self, key: &str, sealed: Bytes) -> Result<Bytes, Unopened> {
        if !looks_sealed(&sealed) || sealed.len() < HEADER_BYTES + TAG_BYTES {
            return Err(Unopened::Damaged);
        }
        if sealed[MAGIC.len()..PREAMBLE_BYTES] != self.mark {
            return Err(Unopened::OtherSecret);
        }
        let mut buffer = Vec::from(sealed);
        let end = buffer.len() - TAG_BYTES;
        let bound = bound(&buffer[..PREAMBLE_BYTES], key);
        let nonce = XNonce::try_from(&buffer[PREAMBLE_BYTES..HEADER_BYTES]).map_err(|_| Unopened::Damaged)?;
        let tag = Tag::try_from(&buffer[end..]).map_err(|_| Unopened::Damaged)?;
        let body = &mut buffer[HEADER_BYTES..end];
        self.cipher
            .decrypt_inout_detached(&nonce, &bound, body.into(), &tag)
            .map_err(|_| Unopened::Damaged)?;
        Ok(Bytes::from(buffer).slice(HEADER_BYTES..end))
    }
}

/// What the tag covers besides the content. The nonce is covered by itself.
fn bound(preamble: &[u8], key: &str) -> Vec<u8> {
    [preamble, key.as_bytes()].concat()
}

fn derive(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_with_its_secret_only() {
        let sealer = Sealer::new(&[1; 32]);
        for content in [&b""[..], b"text", &[7; 100_000]] {
            let sealed = sealer.seal("a", content).unwrap();
            assert_eq!(sealed.len(), content.len() + HEADER_BYTES + TAG_BYTES);
            assert_eq!(sealer.open("a", sealed.clone()).unwrap(), content);
            assert_eq!(sealer.open("b", sealed.clone()), Err(Unopened::Damaged));
            assert_eq!(Sealer::new(&[2; 32]).open("a", sealed), Err(Unopened::OtherSecret));
        }
    }

    #[test]
    fn no_two_seals_are_alike() {
        let sealer = Sealer::new(&[1; 32]);
        assert_ne!(sealer.seal("a", b"text").unwrap(), sealer.seal("a", b"text").unwrap());
    }

    #[test]
    fn every_byte_counts() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal("a", b"text").unwrap();
        for position in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[position] ^= 1;
            assert!(sealer.open("a", damaged.into()).is_err(), "byte {position}");
            assert!(sealer.open("a", sealed.slice(..position)).is_err(), "cut at {position}");
        }
    }
}
