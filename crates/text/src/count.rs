//! Counting units: what a job costs. Source: engines A.2, A.3; the rule has a number that is
//! stored with every job, so that a later rule never changes an old price.
//!
//! 1. `strip` takes out what is not translated; links and addresses count one each.
//! 2. The rest is cut at ASCII white space, over which nothing ever joins.
//! 3. A piece of plain ASCII goes through `ascii`, one of usual letters, kana and ideographs
//!    through `plain`, any other through `unicode`, which follows the specification step by
//!    step. Where two of them know a piece, they give the same result.

mod ascii;
mod plain;
mod strip;
mod unicode;

/// The number of this counting rule.
pub const COUNT_RULE: u32 = 1;

/// A token of more code points than this counts once for each started so many.
const TOKEN_MOST: usize = 64;
/// A chain of up to so many parts joined by hyphens is one unit.
const CHAIN_MOST: usize = 4;
/// Letters and marks of South-East Asian scripts that make one word.
const SOUTH_EAST_ASIAN_WORD: u64 = 6;

/// What is counted in a source language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Words.
    Word,
    /// Characters.
    Character,
}

/// The units of a text.
pub fn count(text: &str, unit: Unit) -> u64 {
    let stripped = strip::strip(text);
    let mut tally = Tally { units: stripped.units, south_east_asian: 0 };
    for piece in stripped.text.as_bytes().split(u8::is_ascii_whitespace) {
        if piece.is_empty() {
            continue;
        }
        if piece.is_ascii() {
            tally.units += ascii::units(piece);
        } else if let Ok(piece) = std::str::from_utf8(piece) {
            match plain::units(piece) {
                Some(units) => tally.units += units,
                None => unicode::add(piece, unit, &mut tally),
            }
        }
    }
    tally.units + tally.south_east_asian.div_ceil(SOUTH_EAST_ASIAN_WORD)
}

/// As `count`, with every piece going through the step-by-step path: what the fast path is
/// tested against.
pub fn count_step_by_step(text: &str, unit: Unit) -> u64 {
    let stripped = strip::strip(text);
    let mut tally = Tally { units: stripped.units, south_east_asian: 0 };
    unicode::add(&stripped.text, unit, &mut tally);
    tally.units + tally.south_east_asian.div_ceil(SOUTH_EAST_ASIAN_WORD)
}

/// What was counted so far.
struct Tally {
    units: u64,
    /// Letters and marks of scripts without spaces, summed over the whole text.
    south_east_asian: u64,
}

/// The units of a chain of parts joined by hyphens: one for the whole if it is short or of
/// digits only, else what its parts are `one_by_one`.
fn chain_units(parts: usize, digits_only: bool, total_length: usize, one_by_one: u64) -> u64 {
    if parts <= CHAIN_MOST || digits_only { token_units(total_length) } else { one_by_one }
}

fn token_units(length: usize) -> u64 {
    if length <= TOKEN_MOST { 1 } else { length.div_ceil(TOKEN_MOST) as u64 }
}
