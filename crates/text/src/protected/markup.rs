//! Tags and BBCode.

use super::{Kind, Span};

/// `<`, perhaps `/`, a name, perhaps white space and anything but `<` and `>`, perhaps `/`, `>`.
pub fn tag(bytes: &[u8], start: usize) -> Option<Span> {
    let mut at = start + 1;
    if bytes.get(at) == Some(&b'/') {
        at += 1;
    }
    if !bytes.get(at)?.is_ascii_alphabetic() {
        return None;
    }
    while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_'))
    {
        at += 1;
    }
    if bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += bytes[at..].iter().position(|byte| matches!(byte, b'<' | b'>'))?;
    } else if bytes.get(at) == Some(&b'/') {
        at += 1;
    }
    (bytes.get(at) == Some(&b'>')).then_some(Span { kind: Kind::Tag, start, end: at + 1 })
}

/// Tags that do not separate words.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var", "wbr",
];

/// True if a tag stands inside a word without separating it.
pub(crate) fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches('<').trim_start_matches('/');
    let length = name
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_'))
        .count();
    let name = &name[..length];
    INLINE.iter().any(|inline| inline.eq_ignore_ascii_case(name))
}

const BBCODE: &[&[u8]] =
    &[b"b", b"i", b"u", b"s", b"url", b"img", b"quote", b"code", b"color", b"size", b"list", b"*"];
const BBCODE_VALUE_MOST: usize = 2_048;

/// `[name]`, `[/name]`, `[name=value]`.
pub fn bbcode(bytes: &[u8], start: usize) -> Option<Span> {
    let mut at = start + 1;
    if bytes.get(at) == Some(&b'/') {
        at += 1;
    }
    let name_at = at;
    while at < name_at + 6 && bytes.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'*') {
        at += 1;
    }
    let name = &bytes[name_at..at];
    if !BBCODE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    if bytes.get(at) == Some(&b'=') {
        let rest = &bytes[at..bytes.len().min(at + BBCODE_VALUE_MOST)];
        at += rest.iter().position(|byte| matches!(byte, b']' | b'[' | b'\n'))?;
    }
    (bytes.get(at) == Some(&b']')).then_some(Span { kind: Kind::BbCode, start, end: at + 1 })
}
