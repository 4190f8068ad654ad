//! The captcha of a rejection: a picture whose text a person must send back, or hear.
//!
//! The letters are outlines of our own, drawn in three faces, then turned, shifted and waved.
//! Everything about a picture follows from its text and a seed, so it need not be stored: the
//! same two give the same bytes. So does everything about the spoken form. Contract: engines part L.

mod canvas;
mod face;
mod layout;
mod letter;
mod picture;
mod random;
mod speech;
#[cfg(test)]
mod speech_tests;
#[cfg(test)]
mod tests;

pub use picture::picture;
pub use speech::{Language, speech};

use unicode_normalization::UnicodeNormalization;

/// The characters of a captcha: none looks like another one.
pub const ALPHABET: &str = "ACDEFGHJKMNPQRTUVWXY34679";

/// How many characters a captcha has.
pub const LENGTH: usize = 6;

/// The text that follows from six random bytes. They are read as one number and written in base
/// 25, so that every text is as likely as any other.
pub fn text(random: [u8; LENGTH]) -> String {
    let characters = ALPHABET.as_bytes();
    let mut number = random.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let base = characters.len() as u64;
    (0..LENGTH)
        .map(|_| {
            let digit = usize::try_from(number % base).expect("a remainder of 25 fits");
            number /= base;
            char::from(characters[digit])
        })
        .collect()
}

/// Whether a person has read the picture: case, spaces and the width of letters do not matter.
pub fn same(expected: &str, given: &str) -> bool {
    let read = |text: &str| -> String {
        text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
    };
    read(expected) == read(given)
}
