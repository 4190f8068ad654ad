//! The fast path: a piece of ASCII without white space. Word boundaries are those of UAX #29
//! for ASCII, with the tailorings of the counting rule.

use super::{TOKEN_MOST, chain_units, token_units};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Underscore,
    Other,
}

const fn class_of(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        b'0'..=b'9' => Class::Digit,
        b'_' => Class::Underscore,
        _ => Class::Other,
    }
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8);
        byte += 1;
    }
    table
};

fn class(bytes: &[u8], at: usize) -> Class {
    bytes.get(at).map_or(Class::Other, |byte| CLASSES[usize::from(*byte)])
}

/// A part of a hyphen chain.
struct Part {
    end: usize,
    /// It has a letter or digit, so it is a word.
    word: bool,
    digits_only: bool,
}

/// The units of the piece.
pub fn units(bytes: &[u8]) -> u64 {
    // Nearly every piece is letters with a sign at the end.
    let letters = bytes.iter().take_while(|byte| CLASSES[usize::from(**byte)] == Class::Letter).count();
    let ends = match bytes.get(letters) {
        None => true,
        Some(sign) => letters + 1 == bytes.len() && CLASSES[usize::from(*sign)] == Class::Other,
    };
    if ends && (1..=TOKEN_MOST).contains(&letters) {
        return 1;
    }
    let mut units = 0;
    let mut at = 0;
    while at < bytes.len() {
        if class(bytes, at) == Class::Other {
            at += 1;
            continue;
        }
        let first = part(bytes, at);
        if !first.word {
            at = first.end;
            continue;
        }
        let start = at;
        let (mut end, mut parts, mut digits_only) = (first.end, 1, first.digits_only);
        let mut one_by_one = token_units(end - start);
        while bytes.get(end) == Some(&b'-') && class(bytes, end + 1) != Class::Other {
            let next = part(bytes, end + 1);
            if !next.word {
                break;
            }
            one_by_one += token_units(next.end - end - 1);
            digits_only &= next.digits_only;
            parts += 1;
            end = next.end;
        }
        units += chain_units(parts, digits_only, end - start, one_by_one);
        at = end;
    }
    units
}

/// The part that begins at a letter, digit or underscore.
fn part(bytes: &[u8], start: usize) -> Part {
    let mut at = start;
    let (mut word, mut digits_only) = (false, true);
    loop {
        while class(bytes, at) != Class::Other {
            let class = class(bytes, at);
            word |= class != Class::Underscore;
            digits_only &= class == Class::Digit;
            at += 1;
        }
        if !word || !joins(bytes, at) {
            return Part { end: at, word, digits_only };
        }
        digits_only = false;
        at += 1;
    }
}

/// True if the sign at `at` joins what stands before and after it.
fn joins(bytes: &[u8], at: usize) -> bool {
    let Some(sign) = bytes.get(at) else { return false };
    let (before, after) = (class(bytes, at - 1), class(bytes, at + 1));
    let digits = before == Class::Digit && after == Class::Digit;
    let letters = before == Class::Letter && after == Class::Letter;
    let real = |class: Class| matches!(class, Class::Letter | Class::Digit);
    match sign {
        b'.' => digits || letters,
        b',' | b';' | b':' | b'/' => digits,
        b'\'' => real(before) && real(after),
        b'&' => begins_word(bytes, at + 1),
        _ => false,
    }
}

/// True if a word begins here: underscores alone are none.
fn begins_word(bytes: &[u8], at: usize) -> bool {
    let run = bytes[at.min(bytes.len())..].iter().map(|byte| CLASSES[usize::from(*byte)]);
    run.take_while(|class| *class != Class::Other).any(|class| class != Class::Underscore)
}
