//! Keys and passwords: made from the system's random source, sealed with the
//! installation's secret, hashed with Argon2.

use crate::error::Error;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const NONCE_BYTES: usize = 12;
/// Letters and digits without look-alikes.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";

/// Fills bytes from the system's random source.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Broken(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// Random letters and digits without look-alikes.
pub fn letters(count: usize) -> Result<String, Error> {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in random::<64>()? {
            // Bytes past the last full round of the alphabet would favour its first letters.
            let even = 256 - 256 % LETTERS.len();
            if usize::from(byte) < even && text.len() < count {
                text.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
            }
        }
    }
    Ok(text)
}

/// Encrypts what must be readable again.
pub fn seal(secret: &[u8; 32], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce: [u8; NONCE_BYTES] = random()?;
    let cipher = ChaCha20Poly1305::new(&Key::from(*secret));
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), plain)
        .map_err(|_| Error::Broken("a secret cannot be sealed".into()))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Decrypts what `seal` made; an error if the installation's secret is another one.
pub fn unseal(secret: &[u8; 32], sealed: &[u8]) -> Result<String, Error> {
    let wrong = || Error::Broken("a sealed key does not open: is this the installation's secret?".into());
    let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(wrong)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| wrong())?;
    let cipher = ChaCha20Poly1305::new(&Key::from(*secret));
    let plain = cipher.decrypt(&Nonce::from(nonce), body).map_err(|_| wrong())?;
    String::from_utf8(plain).map_err(|_| wrong())
}

/// Tells secrets apart without telling anything about them.
pub fn mark(secret: &[u8; 32]) -> String {
    hex(&keyed_hash(secret, &["mark of the installation"])[..8])
}

/// A keyed hash: the same for the same input, unguessable without the secret.
pub fn keyed_hash(secret: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).unwrap_or_else(|_| {
        // HMAC takes keys of any length.
        unreachable!("HMAC takes any key")
    });
    for part in parts {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Hashes a password for storing. Slow on purpose.
pub fn hash_password(password: &str) -> Result<String, Error> {
    let salt: [u8; 16] = random()?;
    argon2::Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Broken(format!("a password cannot be hashed: {error}")))
}

/// Checks a password against its hash.
pub fn password_matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| argon2::Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_secret_only() {
        let sealed = seal(&[1; 32], b"key").unwrap();
        assert_eq!(unseal(&[1; 32], &sealed).unwrap(), "key");
        assert!(unseal(&[2; 32], &sealed).is_err());
        assert!(unseal(&[1; 32], &sealed[..5]).is_err());
    }

    #[test]
    fn letters_have_no_look_alikes() {
        let text = letters(500).unwrap();
        assert_eq!(text.len(), 500);
        assert!(!text.contains(['0', 'O', '1', 'l', 'I']));
    }

    #[test]
    fn a_password_is_checked_against_its_hash() {
        let hash = hash_password("correct horse").unwrap();
        assert!(password_matches("correct horse", &hash));
        assert!(!password_matches("wrong horse", &hash));
    }
}
