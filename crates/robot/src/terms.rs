//! A glossary's terms and where they stand in a text. A glossary may have a hundred thousand, most of which a text has
//! not: those are sorted out before anything is built of them.

use crate::style::Term;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::HashSet;

/// Which bytes stand in a row in a text, three at a time. It may say yes though they do not, never the other way.
struct Threes(Vec<bool>);

impl Threes {
    fn place(three: &[u8]) -> usize {
        three.iter().fold(0, |place, byte| (place << 5) ^ usize::from(*byte))
    }

    fn of(text: &str) -> Self {
        let mut there = vec![false; 1 << 18];
        for three in text.as_bytes().windows(3) {
            if let Some(there) = there.get_mut(Self::place(three)) {
                *there = true;
            }
        }
        Self(there)
    }

    /// False only if the term does not stand in the text.
    fn may_have(&self, term: &str) -> bool {
        term.as_bytes().windows(3).all(|three| self.0.get(Self::place(three)) == Some(&true))
    }
}

/// The terms that may stand in a text.
pub struct Terms<'t> {
    /// None if there are none, or more than an automaton can hold: two billion bytes.
    sources: Option<AhoCorasick>,
    targets: Vec<&'t str>,
}

impl<'t> Terms<'t> {
    /// Of the terms, those for this text.
    pub fn of(text: &str, terms: &'t [Term]) -> Self {
        if terms.is_empty() {
            return Self { sources: None, targets: Vec::new() };
        }
        let threes = Threes::of(text);
        let (sources, targets): (Vec<&str>, Vec<&str>) = terms
            .iter()
            .map(|(source, target)| (source.as_str(), target.as_str()))
            .filter(|(source, _)| !source.is_empty() && threes.may_have(source))
            .unzip();
        // Longer terms first: "translation memory" before "translation".
        let sources = match sources.as_slice() {
            [] => None,
            sources => AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(sources).ok(),
        };
        Self { sources, targets }
    }

    /// A part of the text with the target terms in place of the source terms, and which those are.
    pub fn put_into(&self, text: &str) -> (String, Vec<&'t str>) {
        let (mut put, mut seen) = (Vec::new(), HashSet::new());
        let Some(sources) = &self.sources else { return (text.to_owned(), put) };
        let mut written = String::with_capacity(text.len());
        sources.replace_all_with(text, &mut written, |found, _, written| {
            if let Some(target) = self.targets.get(found.pattern().as_usize()) {
                written.push_str(target);
                if seen.insert(*target) {
                    put.push(*target);
                }
            }
            true
        });
        (written, put)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(text: &str, terms: &[(&str, &str)]) -> (String, Vec<String>) {
        let terms: Vec<Term> = terms.iter().map(|(s, t)| ((*s).to_owned(), (*t).to_owned())).collect();
        let (written, put) = Terms::of(text, &terms).put_into(text);
        (written, put.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn the_longest_term_counts_and_of_equal_ones_the_first() {
        let terms = [
            ("memory", "記憶"),
            ("translation", "翻訳"),
            ("translation memory", "翻訳メモリ"),
            ("memory", "憶"),
        ];
        let (written, used) = put("translation memory, memory, translation memory", &terms);
        assert_eq!(written, "翻訳メモリ, 記憶, 翻訳メモリ");
        assert_eq!(used, ["翻訳メモリ", "記憶"]);
    }

    #[test]
    fn short_and_empty_terms() {
        assert_eq!(put("日本へ", &[("", "x"), ("日", "sun"), ("へ", "to"), ("本日は", "no")]).0, "sun本to");
        assert_eq!(put("", &[("a", "b")]), (String::new(), Vec::new()));
    }

    /// At each place the longest term, letter by letter.
    fn plainly(text: &str, terms: &[Term]) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let here =
                terms.iter().filter(|(source, _)| !source.is_empty() && rest.starts_with(source.as_str()));
            let longest = here.rev().max_by_key(|(source, _)| source.len());
            let (taken, put) =
                longest.map_or((letter.len_utf8(), letter.to_string()), |(s, t)| (s.len(), t.clone()));
            written.push_str(&put);
            rest = &rest[taken..];
        }
        written
    }

    proptest! {
        #[test]
        fn as_if_each_term_was_looked_for_at_each_place(
            text in "[ab日本 ]{0,30}",
            terms in prop::collection::vec(("[ab日本]{0,5}", "[x-z]{0,2}"), 0..8),
        ) {
            prop_assert_eq!(Terms::of(&text, &terms).put_into(&text).0, plainly(&text, &terms));
        }
    }
}
