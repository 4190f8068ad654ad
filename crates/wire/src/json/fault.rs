//! What is wrong with a JSON text, and where.

use thiserror::Error;

/// Why a text is no JSON that we take. The message repeats nothing of the text but a
/// member's name that came twice, and that is cut.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct JsonFault {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What should have been there.
    pub expected: String,
}

impl JsonFault {
    /// The fault that the grammar found in `part`, a slice of `text` that begins at byte `start`.
    pub(super) fn of_grammar(text: &str, start: usize, part: &str, error: &serde_json::Error) -> JsonFault {
        let message = error.to_string();
        let mut inside =
            if error.is_eof() { part.len() } else { offset_in(part, error.line(), error.column()) };
        if message.starts_with(CONTROL) {
            // Here the parser's column is that of the byte before.
            let bare = part.bytes().skip(inside).position(|byte| byte < b' ');
            inside += bare.unwrap_or_default();
        }
        JsonFault::at(text, start + inside, expected(&message))
    }

    /// A fault at a byte of the text.
    pub(crate) fn at(text: &str, byte: usize, expected: impl Into<String>) -> JsonFault {
        let before = &text[..text.floor_char_boundary(byte)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        JsonFault {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            expected: expected.into(),
        }
    }
}

/// How the parser's message begins when a string has a bare control character in it.
const CONTROL: &str = "control character";

/// The byte of `part` that the parser's line and column mean. Its columns count the
/// bytes read in the line, the faulty one included.
fn offset_in(part: &str, line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => 0,
        _ => part.match_indices('\n').nth(line - 2).map_or(part.len(), |(newline, _)| newline + 1),
    };
    (line_start + column.saturating_sub(1)).min(part.len())
}

/// The parser's message, without its position, as the thing that it wanted instead.
fn expected(message: &str) -> String {
    let what = message.rfind(" at line ").map_or(message, |at| &message[..at]);
    if let Some(rest) = what.strip_prefix("EOF while parsing ") {
        return format!("the rest of {rest}, but the text ends here");
    }
    match what {
        "expected value" => "a value".to_owned(),
        "expected ident" => "`true`, `false` or `null`".to_owned(),
        "trailing comma" => "another member or element after the comma".to_owned(),
        "trailing characters" => "the end of the text".to_owned(),
        "key must be a string" => "a member's name in double quotes".to_owned(),
        "invalid number" => "a number".to_owned(),
        "invalid escape" => r#"one of the escapes \" \\ \/ \b \f \n \r \t \uXXXX"#.to_owned(),
        _ if what.starts_with(CONTROL) => {
            r"an escape such as \n or \t instead of the bare control character".to_owned()
        }
        _ if what.contains("surrogate") || what.contains("hex escape") || what.contains("code point") => {
            r"a whole character as \uXXXX, or both halves of a pair".to_owned()
        }
        other => other.strip_prefix("expected ").unwrap_or(other).to_owned(),
    }
}
