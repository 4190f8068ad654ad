//! Placeholders of the usual template and message formats.

use super::{Kind, Span};

const MUSTACHE_MOST: usize = 64;
const BLOCK_MOST: usize = 200;
const NAME_MOST: usize = 64;

/// `{{ … }}` up to 64 characters, `{% … %}` up to 200, without a line end.
pub fn mustache(text: &str, start: usize) -> Option<Span> {
    let rest = &text[start..];
    let (close, most) = if rest.starts_with("{{") {
        ("}}", MUSTACHE_MOST)
    } else if rest.starts_with("{%") {
        ("%}", BLOCK_MOST)
    } else {
        return None;
    };
    let inner = &rest[2..];
    let mut chars = 0;
    for (at, letter) in inner.char_indices() {
        if inner[at..].starts_with(close) {
            return Some(Span { kind: Kind::Mustache, start, end: start + 2 + at + 2 });
        }
        chars += 1;
        if chars > most || matches!(letter, '\n' | '\r') {
            return None;
        }
    }
    None
}

/// `{x}` with what may stand before it; `open` is the place of the brace.
pub fn brace(text: &str, start: usize, open: usize) -> Option<Span> {
    let inner = &text[open + 1..];
    let mut chars = 0;
    for (at, letter) in inner.char_indices() {
        let is_word = letter.is_alphanumeric() || letter == '_';
        if letter == '}' {
            // Empty braces only without a sign before them.
            let ok = chars > 0 || start == open;
            return ok.then_some(Span { kind: Kind::Brace, start, end: open + 1 + at + 1 });
        }
        let fits = if chars == 0 { is_word } else { is_word || matches!(letter, '.' | '-' | ':') };
        chars += 1;
        if !fits || chars > NAME_MOST {
            return None;
        }
    }
    None
}

/// `%(name)s`, or `%` position flags width precision length conversion; not after a digit or
/// `%`, not before a letter.
pub fn printf(bytes: &[u8], start: usize) -> Option<Span> {
    if start > 0 && (bytes[start - 1].is_ascii_digit() || bytes[start - 1] == b'%') {
        return None;
    }
    let mut at = start + 1;
    if bytes.get(at) == Some(&b'(') {
        let name = bytes[at + 1..].iter().take(NAME_MOST);
        at += 1 + name
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
            .count();
        if bytes.get(at) != Some(&b')') || bytes[at - 1] == b'(' {
            return None;
        }
        at += 1;
    }
    let digits = |at: usize| {
        bytes[at.min(bytes.len())..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count()
    };
    let position = digits(at);
    if position > 0 && bytes.get(at + position) == Some(&b'$') {
        at += position + 1;
    }
    while bytes.get(at).is_some_and(|byte| b"-+0#".contains(byte)) {
        at += 1;
    }
    at += digits(at);
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        at += digits(at);
    }
    let mut length = 0;
    while length < 2 && bytes.get(at).is_some_and(|byte| b"hlqjztL".contains(byte)) {
        at += 1;
        length += 1;
    }
    let converts = bytes.get(at).is_some_and(|byte| b"@diouxXeEfFgGcs".contains(byte));
    let letter_follows = bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
    (converts && !letter_follows).then_some(Span { kind: Kind::Printf, start, end: at + 1 })
}

/// `%name%`
pub fn percent_name(bytes: &[u8], start: usize) -> Option<Span> {
    let first = *bytes.get(start + 1)?;
    if !first.is_ascii_alphabetic() && first != b'_' {
        return None;
    }
    let name = bytes[start + 1..].iter().take(NAME_MOST);
    let end = start + 1 + name.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    (bytes.get(end) == Some(&b'%')).then_some(Span { kind: Kind::PercentName, start, end: end + 1 })
}
