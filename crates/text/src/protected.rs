//! What nobody translates: brackets, tags, links, addresses, placeholders. One list, used by
//! counting, by the checks and by the robot. Source: engines A.4.
//!
//! The scan goes once from left to right. Most bytes begin nothing; the others ask the
//! matcher of their kind. Links and addresses are recognised by a byte in their middle
//! (`:` and `@`), from which the matcher looks back a bounded way.

mod link;
mod markup;
mod placeholder;

pub(crate) use markup::is_inline as is_inline_tag;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `[[[ … ]]]`
    Bracket,
    /// `<!-- … -->`
    Comment,
    /// `<b>`, `</a>`, `<br/>`
    Tag,
    /// `https://…`, `www.…`
    Link,
    /// `info@example.com`
    Mail,
    /// `{{ … }}`, `{% … %}`
    Mustache,
    /// `{x}`, `${x}`, `#{x}`, `%{x}`, `{}`
    Brace,
    /// `%s`, `%1$d`, `%(name)s`
    Printf,
    /// `%name%`
    PercentName,
    /// `[b]`, `[/url]`, `[url=…]`
    BbCode,
}

/// A protected part of a text, in bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Every protected part, from left to right; none overlaps another.
pub fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut scan =
        Scan { text, bytes: text.as_bytes(), from: 0, no_bracket_end: false, no_comment_end: false };
    let mut at = 0;
    while let Some(&byte) = scan.bytes.get(at) {
        let span = if BEGINS[usize::from(byte)] { scan.at(at, byte) } else { None };
        match span {
            Some(span) => {
                at = span.end;
                scan.from = span.end;
                found.push(span);
            }
            None => at += 1,
        }
    }
    found
}

/// Bytes that begin a span or stand in its middle.
const BEGINS: [bool; 256] = {
    let mut table = [false; 256];
    let list = b"[<:@{%$#wW";
    let mut index = 0;
    while index < list.len() {
        table[list[index] as usize] = true;
        index += 1;
    }
    table
};

/// True if the text has a byte that may belong to a span.
pub(crate) fn may_have_spans(bytes: &[u8]) -> bool {
    bytes.iter().any(|&byte| matches!(byte, b'[' | b'<' | b':' | b'@' | b'{' | b'%')) || has_www(bytes)
}

fn has_www(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|four| four.eq_ignore_ascii_case(b"www."))
}

/// A scan on its way.
struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// Where the last span ended: nothing before is looked at again.
    from: usize,
    /// There is no `]]]` any more: every later `[[[` need not look for one.
    no_bracket_end: bool,
    /// There is no `-->` any more.
    no_comment_end: bool,
}

impl Scan<'_> {
    /// The span at or around a byte.
    fn at(&mut self, at: usize, byte: u8) -> Option<Span> {
        match byte {
            b'[' => self.bracket(at).or_else(|| markup::bbcode(self.bytes, at)),
            b'<' => self.comment(at).or_else(|| markup::tag(self.bytes, at)),
            b':' => link::around_colon(self.bytes, self.from, at),
            b'w' | b'W' => link::www(self.bytes, at),
            b'@' => link::mail_around(self.bytes, self.from, at),
            b'{' => placeholder::mustache(self.text, at).or_else(|| placeholder::brace(self.text, at, at)),
            b'$' | b'#' => self.braced(at),
            b'%' => self
                .braced(at)
                .or_else(|| placeholder::printf(self.bytes, at))
                .or_else(|| placeholder::percent_name(self.bytes, at)),
            _ => None,
        }
    }

    fn braced(&self, at: usize) -> Option<Span> {
        (self.bytes.get(at + 1) == Some(&b'{')).then(|| placeholder::brace(self.text, at, at + 1)).flatten()
    }

    fn bracket(&mut self, at: usize) -> Option<Span> {
        if self.no_bracket_end || !self.bytes[at..].starts_with(b"[[[") {
            return None;
        }
        match self.text[at + 3..].find("]]]") {
            Some(length) => Some(Span { kind: Kind::Bracket, start: at, end: at + 3 + length + 3 }),
            None => {
                self.no_bracket_end = true;
                None
            }
        }
    }

    fn comment(&mut self, at: usize) -> Option<Span> {
        if self.no_comment_end || !self.bytes[at..].starts_with(b"<!--") {
            return None;
        }
        match self.text[at + 4..].find("-->") {
            Some(length) => Some(Span { kind: Kind::Comment, start: at, end: at + 4 + length + 3 }),
            None => {
                self.no_comment_end = true;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        spans(text).into_iter().map(|span| (span.kind, &text[span.start..span.end])).collect()
    }

    #[test]
    fn each_kind_is_found() {
        use Kind::*;
        let cases: &[(&str, &[(Kind, &str)])] = &[
            ("a [[[b [[[c]]] d]]]", &[(Bracket, "[[[b [[[c]]]")]),
            ("x <!-- y --> z", &[(Comment, "<!-- y -->")]),
            (
                "a < b <i>c</i> <br/> <a href=\"x y\">",
                &[(Tag, "<i>"), (Tag, "</i>"), (Tag, "<br/>"), (Tag, "<a href=\"x y\">")],
            ),
            ("詳細はhttps://e.com/jaをご覧", &[(Link, "https://e.com/ja")]),
            ("xhttp://e.com WWW.e.com", &[(Link, "xhttp://e.com"), (Link, "WWW.e.com")]),
            ("はinfo@example.comまで a@b", &[(Mail, "info@example.com")]),
            ("{{ a }} {% b %} {{\n}}", &[(Mustache, "{{ a }}"), (Mustache, "{% b %}")]),
            (
                "${x} #{y.z} %{k} {0} {} {a b}",
                &[(Brace, "${x}"), (Brace, "#{y.z}"), (Brace, "%{k}"), (Brace, "{0}"), (Brace, "{}")],
            ),
            (
                "%s %1$d %.2f %(n)s 5%d 100% off %sx",
                &[(Printf, "%s"), (Printf, "%1$d"), (Printf, "%.2f"), (Printf, "%(n)s")],
            ),
            ("%user_name% 5 % 6 %", &[(PercentName, "%user_name%")]),
            (
                "[b]x[/b] [url=y]z[/url] [no]",
                &[(BbCode, "[b]"), (BbCode, "[/b]"), (BbCode, "[url=y]"), (BbCode, "[/url]")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }
}
