//! Answers as XML: objects become elements, lists become `<item>`s (api-v2 3).

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use serde_json::Value;
use std::borrow::Cow;

/// `<response><opstat>…</opstat><body>…</body></response>`
pub(super) fn document(opstat: &str, body_name: &str, body: &Value) -> Vec<u8> {
    let mut out = Out(Writer::new(Vec::new()));
    out.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    out.element(BytesStart::new("response"), |out| {
        out.element(BytesStart::new("opstat"), |out| out.text(opstat));
        out.value(BytesStart::new(body_name), body);
    });
    out.0.into_inner()
}

struct Out(Writer<Vec<u8>>);

impl Out {
    fn value(&mut self, start: BytesStart<'_>, value: &Value) {
        match value {
            Value::Null => self.event(Event::Empty(start)),
            Value::Bool(truth) => self.element(start, |out| out.text(if *truth { "1" } else { "0" })),
            Value::Number(number) => self.element(start, |out| out.text(&number.to_string())),
            Value::String(text) => self.element(start, |out| out.text(text)),
            Value::Array(elements) => self.element(start, |out| {
                elements.iter().for_each(|element| out.value(BytesStart::new("item"), element));
            }),
            Value::Object(members) => self.element(start, |out| {
                members.iter().for_each(|(key, member)| out.value(start_of(key), member));
            }),
        }
    }

    fn element(&mut self, start: BytesStart<'_>, content: impl FnOnce(&mut Out)) {
        let end = start.to_end().into_owned();
        self.event(Event::Start(start));
        content(self);
        self.event(Event::End(end));
    }

    fn text(&mut self, text: &str) {
        self.event(Event::Text(BytesText::new(&possible(text))));
    }

    fn event(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("memory takes everything");
    }
}

/// The element of a member: its key as the name, or `<item key="…">`.
fn start_of(key: &str) -> BytesStart<'_> {
    if is_name(key) {
        return BytesStart::new(key);
    }
    let mut item = BytesStart::new("item");
    item.push_attribute(("key", possible(key).as_ref()));
    item
}

/// The text without the characters that XML 1.0 cannot hold.
fn possible(text: &str) -> Cow<'_, str> {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(allowed) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|character| allowed(*character)).collect())
    }
}

/// Whether the key is an XML name to every parser: XML 1.0 has far more of them since its fifth edition, but many
/// parsers know the fourth's only. So these are letters that all editions know, of the scripts that keys are written
/// in. A key with a colon would need a namespace, and names in `xml…` are reserved: those count as none.
fn is_name(key: &str) -> bool {
    let mut characters = key.chars();
    let reserved = key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    !reserved && characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

#[rustfmt::skip]
fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z'
        // Latin, Greek, Cyrillic
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{131}' | '\u{134}'..='\u{13E}'
        | '\u{141}'..='\u{148}' | '\u{14A}'..='\u{17E}'
        | '\u{388}'..='\u{38A}' | '\u{38E}'..='\u{3A1}' | '\u{3A3}'..='\u{3CE}'
        | '\u{401}'..='\u{40C}' | '\u{40E}'..='\u{44F}' | '\u{451}'..='\u{45C}' | '\u{45E}'..='\u{481}'
        // Hebrew, Arabic, Devanagari, Thai
        | '\u{5D0}'..='\u{5EA}' | '\u{621}'..='\u{63A}' | '\u{641}'..='\u{64A}'
        | '\u{905}'..='\u{939}' | '\u{E01}'..='\u{E2E}'
        // Kana, Han, Hangul
        | '\u{3007}' | '\u{3041}'..='\u{3094}' | '\u{30A1}'..='\u{30FA}' | '\u{4E00}'..='\u{9FA5}'
        | '\u{AC00}'..='\u{D7A3}')
}

#[rustfmt::skip]
fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{345}'
            // Vowel signs and marks of Arabic, Devanagari, Thai; signs of repetition and length of Japanese
            | '\u{64B}'..='\u{652}' | '\u{93E}'..='\u{94D}' | '\u{E30}'..='\u{E3A}' | '\u{E40}'..='\u{E4E}'
            | '\u{3005}' | '\u{3031}'..='\u{3035}' | '\u{3099}'..='\u{309A}' | '\u{309D}'..='\u{309E}'
            | '\u{30FC}'..='\u{30FE}')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    #[rustfmt::skip]
    fn names_are_those_that_every_parser_knows() {
        let names = [
            "job_1", "a-b.c", "_", "é", "Ščukin", "Ξένος", "Ёлка", "שלום", "متجر", "नमस्ते", "ทดสอบ", "仕事", "時々",
            "データ", "ひらがな", "한국어",
        ];
        for name in names {
            assert!(is_name(name), "{name}");
        }
        // Some of them are names since the fifth edition only.
        for none in ["", "1", "-a", "a b", "a:b", "xml", "XMLish", "々", "😀", "a😀", "𠀀", "ſ", "㐀", "Ⅷ"] {
            assert!(!is_name(none), "{none}");
        }
    }
}
