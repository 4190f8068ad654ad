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

/// Whether the key is an XML name. One with a colon would need a namespace, and names in
/// `xml…` are reserved: those count as none.
fn is_name(key: &str) -> bool {
    let mut characters = key.chars();
    let reserved = key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    !reserved && characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
