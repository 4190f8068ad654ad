//! Takes out what is not translated: steps 2 to 6 of the counting rule.

use crate::protected::{Kind, is_inline_tag, may_have_spans, spans};
use std::borrow::Cow;

/// What is left of a text, and the units of what was taken out.
pub struct Stripped<'t> {
    /// The rest, character references decoded.
    pub text: Cow<'t, str>,
    /// Links and mail addresses.
    pub units: u64,
}

/// Takes out brackets, comments, tags, links, addresses and placeholders, and decodes
/// character references once.
pub fn strip(text: &str) -> Stripped<'_> {
    let (rest, units) =
        if may_have_spans(text.as_bytes()) { take_out(text) } else { (Cow::Borrowed(text), 0) };
    if rest.as_bytes().contains(&b'&') {
        let decoded = html_escape::decode_html_entities(&rest).into_owned();
        return Stripped { text: Cow::Owned(decoded), units };
    }
    Stripped { text: rest, units }
}

fn take_out(text: &str) -> (Cow<'_, str>, u64) {
    let found = spans(text);
    if found.is_empty() {
        return (Cow::Borrowed(text), 0);
    }
    let mut rest = String::with_capacity(text.len());
    let (mut at, mut units) = (0, 0);
    for span in found {
        rest.push_str(&text[at..span.start]);
        at = span.end;
        match span.kind {
            Kind::Link | Kind::Mail => {
                units += 1;
                rest.push(' ');
            }
            Kind::Tag if is_inline_tag(&text[span.start..span.end]) => {}
            _ => rest.push(' '),
        }
    }
    rest.push_str(&text[at..]);
    (Cow::Owned(rest), units)
}
