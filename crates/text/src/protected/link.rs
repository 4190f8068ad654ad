//! Links and mail addresses.

use super::{Kind, Span};

const SCHEME_MOST: usize = 32;
const LOCAL_MOST: usize = 64;
const DOMAIN_MOST: usize = 253;

/// Bytes of a URL: what RFC 3986 allows, without the square brackets.
fn is_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte)
}

fn url_end(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_url(**byte)).count()
}

/// A link around the colon of its `://`; nothing before `from` is looked at.
pub fn around_colon(bytes: &[u8], from: usize, colon: usize) -> Option<Span> {
    if !bytes[colon..].starts_with(b"://") {
        return None;
    }
    let back = bytes[from..colon].iter().rev().take(SCHEME_MOST);
    let length =
        back.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')).count();
    let mut start = colon - length;
    // A scheme begins with a letter at the edge of what could be a word.
    while start < colon && !(bytes[start].is_ascii_alphabetic() && is_left_edge(bytes, from, start)) {
        start += 1;
    }
    if start == colon {
        // Only a real link is followed to its end: the scan stays linear.
        return None;
    }
    let end = url_end(bytes, colon + 3);
    (end > colon + 3).then_some(Span { kind: Kind::Link, start, end })
}

fn is_left_edge(bytes: &[u8], from: usize, at: usize) -> bool {
    at == from || !bytes[at - 1].is_ascii_alphanumeric()
}

/// A link that begins with `www.`
pub fn www(bytes: &[u8], start: usize) -> Option<Span> {
    let begins = bytes.get(start..start + 4)?.eq_ignore_ascii_case(b"www.");
    let edge = start == 0 || !bytes[start - 1].is_ascii_alphanumeric();
    if !begins || !edge {
        return None;
    }
    let end = url_end(bytes, start + 4);
    (end > start + 4).then_some(Span { kind: Kind::Link, start, end })
}

/// A mail address around its `@`; nothing before `from` is looked at.
pub fn mail_around(bytes: &[u8], from: usize, sign: usize) -> Option<Span> {
    let back = bytes[from..sign].iter().rev().take(LOCAL_MOST);
    let is_local =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let mut start = sign - back.take_while(is_local).count();
    while start < sign && !bytes[start].is_ascii_alphanumeric() {
        start += 1;
    }
    if start == sign {
        return None;
    }
    let forward = bytes[sign + 1..].iter().take(DOMAIN_MOST);
    let length =
        forward.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
    let domain = &bytes[sign + 1..sign + 1 + length];
    let end = sign + 1 + domain_length(domain)?;
    Some(Span { kind: Kind::Mail, start, end })
}

/// The length of the domain at the beginning: labels with dots, the last of letters only.
fn domain_length(bytes: &[u8]) -> Option<usize> {
    let mut best = None;
    let mut label_at = 0;
    for at in 0..=bytes.len() {
        let ends = at == bytes.len() || bytes[at] == b'.';
        if !ends {
            continue;
        }
        let label = &bytes[label_at..at];
        if label.is_empty() {
            break;
        }
        if label_at > 0 && label.len() >= 2 && label.iter().all(u8::is_ascii_alphabetic) {
            best = Some(at);
        }
        label_at = at + 1;
    }
    best
}
