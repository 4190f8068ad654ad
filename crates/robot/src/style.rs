//! What the robot writes. Whatever is protected (brackets, tags, placeholders) and every line
//! end survives unchanged; the same source gives the same text. Source: sandbox 3.3.

use crate::sample;
use crate::terms::Terms;
use serde::{Deserialize, Serialize};

/// How the robot translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Each line with the target language before it.
    Marked,
    /// Accented look-alikes, longer.
    Accented,
    /// The source.
    Echo,
    /// The words in reverse order.
    Shuffled,
    /// Real prose of about the right length.
    Sample,
    /// The machine engine's text; as Marked as long as there is none.
    Machine,
}

impl Style {
    const ALL: [Self; 6] =
        [Self::Marked, Self::Accented, Self::Echo, Self::Shuffled, Self::Sample, Self::Machine];

    /// As in the settings.
    pub fn code(self) -> &'static str {
        match self {
            Self::Marked => "marked",
            Self::Accented => "accented",
            Self::Echo => "echo",
            Self::Shuffled => "shuffled",
            Self::Sample => "sample",
            Self::Machine => "machine",
        }
    }

    /// Reads a style.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.code() == text)
    }
}

/// A source and a target term.
pub type Term = (String, String);

/// A piece of the source: protected, or to be worked on.
enum Piece<'s> {
    Kept(&'s str),
    Free(&'s str),
}

/// The robot's translation. `protected` are byte ranges, ascending, that stay unchanged.
pub fn translate(
    style: Style,
    source: &str,
    lc_tgt: &str,
    protected: &[(usize, usize)],
    terms: &[Term],
) -> String {
    if style == Style::Echo {
        return source.to_owned();
    }
    let style = match style {
        Style::Sample if sample::sentences(lc_tgt).is_none() => Style::Marked,
        Style::Machine => Style::Marked,
        other => other,
    };
    let terms = Terms::of(source, terms);
    let mut written = String::with_capacity(source.len() * 2);
    let mut line_begins = true;
    for piece in pieces(source, protected) {
        let text = match piece {
            Piece::Kept(text) => text.to_owned(),
            Piece::Free(text) => free(style, text, lc_tgt, &terms),
        };
        if style == Style::Marked {
            mark(&text, matches!(piece, Piece::Kept(_)), lc_tgt, &mut line_begins, &mut written);
        } else {
            written.push_str(&text);
        }
    }
    written
}

fn pieces<'s>(source: &'s str, protected: &[(usize, usize)]) -> Vec<Piece<'s>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for &(start, end) in protected {
        if let (Some(before), Some(kept)) = (source.get(at..start), source.get(start..end)) {
            pieces.push(Piece::Free(before));
            pieces.push(Piece::Kept(kept));
            at = end;
        }
    }
    pieces.push(Piece::Free(source.get(at..).unwrap_or("")));
    pieces
}

/// Puts `[ja] ` before each line that has something on it.
fn mark(text: &str, kept: bool, lc_tgt: &str, line_begins: &mut bool, written: &mut String) {
    for letter in text.chars() {
        let ends_line = matches!(letter, '\n' | '\r');
        if *line_begins && !ends_line {
            written.push_str(&format!("[{lc_tgt}] "));
            *line_begins = false;
        }
        written.push(letter);
        // A line end inside a protected part is none of ours.
        *line_begins |= ends_line && !kept;
    }
}

fn free(style: Style, text: &str, lc_tgt: &str, terms: &Terms<'_>) -> String {
    let with_terms = || terms.put_into(text).0;
    match style {
        Style::Marked | Style::Echo | Style::Machine => with_terms(),
        Style::Accented => accented(&with_terms()),
        Style::Shuffled => by_line(&with_terms(), shuffled),
        Style::Sample => by_line(text, |line| sampled(line, lc_tgt, terms)),
    }
}

fn by_line(text: &str, work: impl FnMut(&str) -> String) -> String {
    text.split_inclusive(['\n', '\r']).map(work).collect()
}

/// Look-alikes, every third vowel doubled: about a third longer.
fn accented(text: &str) -> String {
    const PLAIN: &str = "aceinosuyzACEINOSUYZ";
    const ACCENTED: &str = "áçéíñóšúýžÁÇÉÍÑÓŠÚÝŽ";
    let mut written = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        let like = PLAIN
            .chars()
            .zip(ACCENTED.chars())
            .find(|(plain, _)| *plain == letter)
            .map_or(letter, |(_, like)| like);
        written.push(like);
        if "aeiouAEIOU".contains(letter) {
            written.push(like);
        }
    }
    written
}

/// Prose instead of a line's text: sentences until there are enough of them. White space at
/// the line's ends stays; what the glossary has for terms in the line follows the prose.
fn sampled(line: &str, lc_tgt: &str, terms: &Terms<'_>) -> String {
    let (text, kept) = terms.put_into(line);
    let line = text.as_str();
    let body = line.trim();
    let (Some(sentences), Some(start)) = (sample::sentences(lc_tgt), line.find(body)) else {
        return line.to_owned();
    };
    if !body.chars().any(char::is_alphabetic) {
        return line.to_owned();
    }
    let dense = sample::is_dense(lc_tgt);
    // Ideographs say about twice as much as letters.
    let wanted = if dense { body.chars().count().div_ceil(2) } else { body.chars().count() };
    let mut prose = String::new();
    // The same line gives the same prose; different lines begin differently.
    let first = body.bytes().fold(0usize, |sum, byte| sum.wrapping_add(usize::from(byte)));
    for number in 0.. {
        let Some(sentence) = sentences.get((first.wrapping_add(number)) % sentences.len()) else { break };
        if !prose.is_empty() && prose.chars().count() + sentence.chars().count() / 2 > wanted {
            break;
        }
        if !prose.is_empty() && !dense {
            prose.push(' ');
        }
        prose.push_str(sentence);
    }
    if !kept.is_empty() {
        prose.push_str(&format!(" ({})", kept.join(", ")));
    }
    let end = start + body.len();
    format!("{}{prose}{}", line.get(..start).unwrap_or(""), line.get(end..).unwrap_or(""))
}

/// The words of a line in reverse order; the white space between them stays where it is.
fn shuffled(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut backwards = words.iter().rev();
    let mut written = String::with_capacity(line.len());
    let mut in_word = false;
    for letter in line.chars() {
        if letter.is_whitespace() {
            written.push(letter);
            in_word = false;
        } else if !in_word {
            written.push_str(backwards.next().copied().unwrap_or(""));
            in_word = true;
        }
    }
    written
}

/// Marks a text as the `n`th version, at the end of its first line.
pub fn with_version(text: &str, n: u32) -> String {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    format!("{} (v{n}){}", &text[..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marked_lines_and_terms() {
        let terms = [("cat".to_owned(), "猫".to_owned())];
        assert_eq!(
            translate(Style::Marked, "Hello cat\n\nBye", "ja", &[], &terms),
            "[ja] Hello 猫\n\n[ja] Bye"
        );
        assert_eq!(translate(Style::Marked, "see cat", "ja", &[(4, 7)], &terms), "[ja] see cat");
        assert_eq!(
            translate(Style::Shuffled, "one two  three\nfour", "ja", &[], &[]),
            "three two  one\nfour"
        );
        assert_eq!(
            translate(Style::Sample, "A short line\n\nOpen {door} now", "fr-ca", &[(19, 25)], &[])
                .lines()
                .count(),
            3
        );
        assert!(translate(Style::Sample, "a cat", "de", &[], &terms).ends_with(" (猫)"));
        assert_eq!(translate(Style::Sample, "no prose", "sw", &[], &[]), "[sw] no prose");
        assert_eq!(translate(Style::Machine, "as marked", "ja", &[], &[]), "[ja] as marked");
        assert_eq!(translate(Style::Echo, "x\r\ny", "ja", &[], &terms), "x\r\ny");
    }

    #[test]
    fn versions_mark_the_first_line() {
        assert_eq!(with_version("a\nb", 2), "a (v2)\nb");
    }

    proptest! {
        #[test]
        fn protected_parts_survive_in_order(parts in prop::collection::vec(("[a-z é日\n]{0,8}", "\\{[a-z]{1,4}\\}"), 0..6)) {
            let mut source = String::new();
            let mut protected = Vec::new();
            for (free, kept) in &parts {
                source.push_str(free);
                protected.push((source.len(), source.len() + kept.len()));
                source.push_str(kept);
            }
            for style in Style::ALL {
                let written = translate(style, &source, "ja", &protected, &[]);
                let mut rest = written.as_str();
                for (_, kept) in &parts {
                    let at = rest.find(kept.as_str());
                    prop_assert!(at.is_some(), "{style:?} lost {kept} in {written:?}");
                    rest = &rest[at.unwrap() + kept.len()..];
                }
                prop_assert_eq!(written.matches('\n').count(), source.matches('\n').count());
            }
        }
    }
}
