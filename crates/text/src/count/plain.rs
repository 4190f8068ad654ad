//! The fast path for the usual text of other scripts: letters that are whole as they stand,
//! ideographs and kana, and their punctuation. What it does not know, it leaves to `unicode`.

use super::{TOKEN_MOST, ascii};

/// What becomes of a character.
enum Class {
    /// Part of a word; precomposed, so that nothing is left to normalise.
    Letter,
    /// One unit by itself; ends a word.
    Ideograph,
    /// Ends a word.
    Separator,
    /// ASCII, whose rules are next door.
    Ascii,
}

/// `None`: a character for the step-by-step path.
fn class_of(letter: char) -> Option<Class> {
    Some(match letter {
        '\0'..='\u{7f}' => Class::Ascii,
        'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' => Class::Letter,
        'Ѐ'..='ҁ' | 'Ҋ'..='ӿ' => Class::Letter,
        'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '一'..='鿿' => Class::Ideograph,
        '、' | '。' | '「' | '」' | '『' | '』' | '・' | '«' | '»' | '“' | '”' | '„' | '…' => {
            Class::Separator
        }
        _ => return None,
    })
}

/// The units of a piece without white space, if the fast path knows all of it.
pub fn units(piece: &str) -> Option<u64> {
    let mut units = 0;
    let mut run_at = 0;
    for (at, letter) in piece.char_indices() {
        match class_of(letter)? {
            Class::Letter | Class::Ascii => {}
            ends => {
                units += run(&piece[run_at..at])?;
                units += u64::from(matches!(ends, Class::Ideograph));
                run_at = at + letter.len_utf8();
            }
        }
    }
    Some(units + run(&piece[run_at..])?)
}

/// A run of letters and ASCII: plain ASCII, or one word with signs around it.
fn run(run: &str) -> Option<u64> {
    if run.is_empty() {
        return Some(0);
    }
    if run.is_ascii() {
        return Some(ascii::units(run.as_bytes()));
    }
    let is_sign = |letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric() && letter != '_';
    let word = run.trim_matches(is_sign);
    let mut length = 0;
    for letter in word.chars() {
        if letter.is_ascii() && !letter.is_ascii_alphabetic() {
            return None;
        }
        length += 1;
    }
    (1..=TOKEN_MOST).contains(&length).then_some(1)
}
