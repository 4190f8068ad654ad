//! JSON as the customer sent it: order kept, numbers as text, limits on everything.
//!
//! `serde_json` does the grammar. [`parse`] lets it check the whole text once, then
//! walks the value level by level over borrowed raw slices, so that a number keeps the
//! exact text sent (money must never pass through a float) and only the finished tree is
//! allocated beside the text.

mod fault;
mod object;
mod read;
mod show;

pub use fault::JsonFault;
pub use object::Object;
pub use show::{SHOWN_MAX_CHARS, shown, shown_text};

/// Deepest nesting of lists and objects in a document.
pub const DEPTH_MAX: usize = 32;

/// Most values in a document: a hundred members for each of 10,000 jobs. Keeps the
/// memory for a text of many tiny values near the size of the text.
pub const VALUES_MAX: usize = 1_000_000;

/// Longest string in a document, as written: room for a job's 500,000 characters with
/// every one of them escaped. Unescaping needs the string's size twice for a moment.
pub const STRING_MAX_BYTES: usize = 16 << 20;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number: the text as sent, never a float.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    List(Vec<Json>),
    /// An object with its members in the order sent.
    Object(Object),
}

/// Reads a whole JSON text.
pub fn parse(text: &str) -> Result<Json, JsonFault> {
    read::document(text)
}
