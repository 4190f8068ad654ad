//! What counts as the same text, for lazy loading. Source: engines E.1.

use crate::tier::Tier;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text that is compared: NFC, line ends as `\n`, white space at the ends cut.
pub fn normalized(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    };
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The key under which lazy loading finds a text. Languages are the catalogue's codes; the
/// tier is the one whose rules hold (`pro` with an edit step counts as `ultra`).
pub fn key(lc_src: &str, lc_tgt: &str, tier: Tier, text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in ["hk1", lc_src, lc_tgt, tier.code()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(normalized(text).as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_specification() {
        let cases = [
            ("en", "ja", Tier::Standard, "Hello, world!", "dcb46f3a3c3768373d331e7fb842ba50"),
            ("en", "ja", Tier::Standard, " Hello, world!\r\n", "dcb46f3a3c3768373d331e7fb842ba50"),
            ("en", "ja", Tier::Standard, "Hello,  world!", "bed06f56c5cc2dc4b702bec76675cb22"),
            ("en", "ja", Tier::Standard, "hello, world!", "e59de14a5a35a209fcceff8b68fcfdcc"),
            ("en", "ja", Tier::Pro, "Hello, world!", "35600b8642ea3fc6795dbf3988d796f5"),
            ("fr", "en", Tier::Standard, "cafe\u{301}", "2d911e62d8637e3e74b33c8263cf14ed"),
            ("fr", "en", Tier::Standard, "caf\u{e9}", "2d911e62d8637e3e74b33c8263cf14ed"),
            ("en", "ja", Tier::Standard, "a\r\nb", "baca5569d14300863a98c74a9aa89ac0"),
            ("en", "ja", Tier::Standard, "a\nb", "baca5569d14300863a98c74a9aa89ac0"),
            ("ja", "en", Tier::Standard, "テキスト\u{3000}", "9f01276b72a9c8c632ad9de80426b5cd"),
        ];
        for (lc_src, lc_tgt, tier, text, expected) in cases {
            let hex: String =
                key(lc_src, lc_tgt, tier, text)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "{text:?}");
        }
    }
}
