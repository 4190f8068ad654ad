//! The length of a translation, for `max_chars`. Source: engines A.7.

use crate::protected::{Kind, spans};
use unicode_segmentation::UnicodeSegmentation;

/// Extended grapheme clusters; a line end counts one, the six characters of a `[[[…]]]`
/// nothing, its content does.
pub fn graphemes(text: &str) -> u64 {
    let all = text.graphemes(true).count() as u64;
    let brackets = spans(text).iter().filter(|span| span.kind == Kind::Bracket).count() as u64;
    all.saturating_sub(6 * brackets)
}

#[cfg(test)]
mod tests {
    use super::graphemes;

    #[test]
    fn lengths_of_the_specification() {
        let cases = [
            ("こんにちは！", 6),
            ("दुनिया", 3),
            ("👨\u{200d}👩\u{200d}👧", 1),
            ("é", 1),
            ("e\u{301}", 1),
            ("[[[Acme]]]!", 5),
            ("a\r\nb", 3),
            ("", 0),
        ];
        for (text, length) in cases {
            assert_eq!(graphemes(text), length, "{text:?}");
        }
    }
}
