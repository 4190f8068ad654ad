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

/// As much of a text, from its beginning, as surely is no longer than this.
pub fn cut(text: &str, most: u64) -> &str {
    if graphemes(text) <= most {
        return text;
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    // Brackets count here: one that is cut through is none.
    text.grapheme_indices(true).nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{cut, graphemes};

    #[test]
    fn what_is_cut_is_no_longer_than_asked() {
        for (text, most, expected) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hell"),
            ("hello", 0, ""),
            ("e\u{301}e\u{301}", 1, "e\u{301}"),
            ("[[[Acme]]]!", 5, "[[[Acme]]]!"),
            ("[[[Acme]]]!", 4, "[[[A"),
            ("a\r\nb", 2, "a\r\n"),
        ] {
            assert_eq!(cut(text, most), expected, "{text:?} to {most}");
            assert!(graphemes(cut(text, most)) <= most);
        }
    }

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
