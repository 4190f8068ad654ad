//! The step-by-step path: steps 7 to 11 of the counting rule, for text of any script.

use super::{Tally, Unit, chain_units, token_units};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// Stands for a colon while words are cut: a colon never joins letters, whatever the
/// library's Unicode version says.
const COLON: char = '\u{1}';

/// Adds the units of a stripped text.
pub fn add(text: &str, unit: Unit, tally: &mut Tally) {
    let text = normalized(text);
    let mut rest = String::with_capacity(text.len());
    let mut has_words = false;
    for letter in text.chars() {
        let kept = match sort(letter, unit) {
            Sort::Nothing => continue,
            Sort::One => {
                tally.units += 1;
                ' '
            }
            Sort::SouthEastAsian => {
                tally.south_east_asian += 1;
                ' '
            }
            Sort::Separator => ' ',
            Sort::Rest => {
                has_words |= !letter.is_ascii() || letter.is_ascii_alphanumeric();
                if letter == ':' { COLON } else { letter }
            }
        };
        if kept != ' ' || !rest.ends_with(' ') {
            rest.push(kept);
        }
    }
    // Without any that may be a letter or a number there is no word. What the compiler knows of others is not
    // asked: it is another version of Unicode.
    if has_words {
        tally.units += words(&rest);
    }
}

/// Width folded, then NFC.
fn normalized(text: &str) -> Cow<'_, str> {
    let is_wide =
        |letter: char| matches!(letter, '\u{ff01}'..='\u{ff5e}' | '\u{ff65}'..='\u{ffdc}' | '\u{3000}');
    let folded: Cow<'_, str> = if text.chars().any(is_wide) {
        let mut folded = String::with_capacity(text.len());
        for letter in text.chars() {
            if is_wide(letter) {
                folded.extend(std::iter::once(letter).nfkc());
            } else {
                folded.push(letter);
            }
        }
        Cow::Owned(folded)
    } else {
        Cow::Borrowed(text)
    };
    if is_nfc_quick(folded.chars()) == IsNormalized::Yes {
        folded
    } else {
        Cow::Owned(folded.nfc().collect())
    }
}

/// What becomes of a character.
enum Sort {
    /// Removed without trace.
    Nothing,
    /// Ends a word.
    Separator,
    /// One unit by itself.
    One,
    /// One of six that make a word.
    SouthEastAsian,
    /// Part of the words that are cut at the end.
    Rest,
}

fn sort(letter: char, unit: Unit) -> Sort {
    match letter {
        '\0'..='\u{8}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{85}' => return Sort::Separator,
        _ if letter.is_ascii() => {
            return if letter.is_ascii_whitespace() { Sort::Separator } else { Sort::Rest };
        }
        '\u{ad}' | '\u{2060}' | '\u{feff}' => return Sort::Nothing,
        '\u{3200}'..='\u{33ff}' => return Sort::One,
        'À'..='ÿ' | 'Ā'..='ɏ' | 'Ѐ'..='ӿ' => return Sort::Rest,
        _ => {}
    }
    let group = letter.general_category_group();
    let is_letter = group == GeneralCategoryGroup::Letter;
    let is_number = group == GeneralCategoryGroup::Number;
    match letter.script() {
        Script::Thai | Script::Lao | Script::Khmer | Script::Myanmar => match group {
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark => Sort::SouthEastAsian,
            GeneralCategoryGroup::Number => Sort::Rest,
            _ => Sort::Separator,
        },
        Script::Han | Script::Hiragana | Script::Katakana | Script::Bopomofo if is_letter || is_number => {
            Sort::One
        }
        _ if matches!(letter, '々' | '〇' | 'ー' | 'ゝ' | 'ゞ' | 'ヽ' | 'ヾ') => Sort::One,
        Script::Hangul if is_letter && unit == Unit::Character => Sort::One,
        _ => Sort::Rest,
    }
}

/// A segment between two word boundaries.
struct Segment<'t> {
    text: &'t str,
    /// It holds a letter or a number.
    word: bool,
}

/// The units of the words in a text.
fn words(text: &str) -> u64 {
    let segments: Vec<Segment<'_>> =
        text.split_word_bounds().map(|text| Segment { text, word: is_word(text) }).collect();
    let mut units = 0;
    let mut at = 0;
    while at < segments.len() {
        if !segments[at].word {
            at += 1;
            continue;
        }
        let first = part(&segments, at);
        let (mut end, mut parts, mut digits_only) = (first.end, 1, first.digits_only);
        let (mut length, mut one_by_one) = (first.length, token_units(first.length));
        while is_hyphen(&segments, end) && segments.get(end + 1).is_some_and(|segment| segment.word) {
            let next = part(&segments, end + 1);
            parts += 1;
            digits_only &= next.digits_only;
            length += 1 + next.length;
            one_by_one += token_units(next.length);
            end = next.end;
        }
        units += chain_units(parts, digits_only, length, one_by_one);
        at = end;
    }
    units
}

/// Letters and numbers make a word; ordinal signs alone do not.
fn is_word(segment: &str) -> bool {
    segment.chars().any(|letter| {
        if letter.is_ascii() {
            return letter.is_ascii_alphanumeric();
        }
        let group = letter.general_category_group();
        !matches!(letter, 'ª' | 'º')
            && matches!(group, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
    })
}

/// A part of a hyphen chain: segments that joiners hold together.
struct Part {
    /// The segment after it.
    end: usize,
    /// Code points, joiners included.
    length: usize,
    digits_only: bool,
}

fn part(segments: &[Segment<'_>], start: usize) -> Part {
    let chars = |text: &str| text.chars().count();
    let digits = |text: &str| text.chars().all(is_digit);
    let mut part = Part {
        end: start + 1,
        length: chars(segments[start].text),
        digits_only: digits(segments[start].text),
    };
    loop {
        match (segments.get(part.end), segments.get(part.end + 1)) {
            (Some(next), _) if next.word => {
                part.length += chars(next.text);
                part.digits_only &= digits(next.text);
                part.end += 1;
            }
            (Some(sign), Some(next))
                if next.word && joins(segments[part.end - 1].text, sign.text, next.text) =>
            {
                part.length += chars(sign.text) + chars(next.text);
                part.digits_only = false;
                part.end += 2;
            }
            _ => return part,
        }
    }
}

/// True if a sign holds two words together.
fn joins(before: &str, sign: &str, after: &str) -> bool {
    let mut chars = sign.chars();
    let (Some(sign), None) = (chars.next(), chars.next()) else { return false };
    let (Some(last), Some(first)) = (before.chars().next_back(), after.chars().next()) else { return false };
    let digits = is_digit(last) && is_digit(first);
    let is_real = |letter: char| {
        matches!(letter.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
    };
    match sign {
        '&' => true,
        '\'' | '’' => is_real(last) && is_real(first),
        COLON | '/' | '.' | '–' => digits,
        '\u{a0}' | '\u{202f}' | '\u{2009}' => {
            let run = after.chars().take_while(|letter| is_digit(*letter)).count();
            digits && run == 3
        }
        _ => false,
    }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
        || !letter.is_ascii() && letter.general_category() == GeneralCategory::DecimalNumber
}

fn is_hyphen(segments: &[Segment<'_>], at: usize) -> bool {
    segments
        .get(at)
        .is_some_and(|segment| matches!(segment.text, "-" | "\u{2010}" | "\u{2011}" | "\u{5be}" | "\u{58a}"))
}
