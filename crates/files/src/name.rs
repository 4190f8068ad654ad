//! What kept things are called.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

const DIGEST_BYTES: usize = 32;
/// So many hex digits of the digest choose the folder.
const FOLDER_DIGITS: usize = 2;

/// The SHA-256 of a plain content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; DIGEST_BYTES]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// As it is kept elsewhere.
    pub fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }
}

impl From<[u8; DIGEST_BYTES]> for Digest {
    fn from(bytes: [u8; DIGEST_BYTES]) -> Self {
        Self(bytes)
    }
}

/// Lower-case hex.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let mut bytes = [0; DIGEST_BYTES];
        if text.len() != 2 * DIGEST_BYTES {
            return Err(NotAName);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// Lower case only, so that a digest has one spelling.
fn hex_digit(digit: u8) -> Result<u8, NotAName> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotAName),
    }
}

/// A content, and which time it is kept: `ab/cdef….0`.
///
/// The generation lets a collector delete what nobody refers to any more while the same content is put anew: that one is
/// the next generation, so neither waits for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Of the plain content.
    pub digest: Digest,
    /// Counts how often the content has come back after it was given up.
    pub generation: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.to_string();
        let (folder, rest) = digest.split_at(FOLDER_DIGITS);
        write!(f, "{folder}/{rest}.{}", self.generation)
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let (folder, rest) = text.split_once('/').ok_or(NotAName)?;
        let (rest, generation) = rest.split_once('.').ok_or(NotAName)?;
        let digest = format!("{folder}{rest}").parse()?;
        let name = Self { digest, generation: generation.parse().map_err(|_| NotAName)? };
        // A name has one spelling: no `+1`, no `007`, no slash elsewhere.
        if name.to_string() == text { Ok(name) } else { Err(NotAName) }
    }
}

/// A text that names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no name of a file: it is written ab/cdef….0, a SHA-256 in lower-case hex and a generation")]
pub struct NotAName;

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3/b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.7";

    #[test]
    fn a_name_is_its_digest_in_a_folder_and_its_generation() {
        let name = Name { digest: Digest::of(b""), generation: 7 };
        assert_eq!(name.to_string(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(name));
        assert_eq!(Digest::from(*name.digest.as_bytes()), name.digest);
    }

    #[test]
    fn a_name_has_one_spelling() {
        let others = [
            EMPTY.replace(".7", ".07"),
            EMPTY.replace(".7", ".+7"),
            EMPTY.replace(".7", ".4294967296"),
            EMPTY.replace(".7", ""),
            EMPTY.replace("e3/", "E3/"),
            EMPTY.replace("e3/b0", "e3b/0"),
            EMPTY.replace("e3/", "e3"),
            EMPTY.replace("55.7", ".7"),
            format!("/{EMPTY}"),
            format!("{EMPTY}#1"),
            "é3/b0".into(),
            String::new(),
        ];
        for text in others {
            assert_eq!(text.parse::<Name>(), Err(NotAName), "{text}");
        }
    }
}
