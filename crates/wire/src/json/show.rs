//! Values as error messages show them: quoted, and cut before they get long.

use super::Json;

/// Most characters of a value that an error message repeats.
pub const SHOWN_MAX_CHARS: usize = 80;

/// The value as compact JSON, cut after [`SHOWN_MAX_CHARS`] characters.
pub fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => shown_text(text),
        other => {
            let mut sketch = Sketch::default();
            sketch.value(other);
            cut(&sketch.text)
        }
    }
}

/// The text in double quotes, cut after [`SHOWN_MAX_CHARS`] characters. What cannot be
/// printed is escaped as in JSON, and counts as long as it is written.
pub fn shown_text(text: &str) -> String {
    let mut quoted = String::from('"');
    let mut shown_chars = 0;
    for character in text.chars() {
        let escaped = serde_json::Value::from(String::from(character)).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        shown_chars += escaped.chars().count();
        if shown_chars > SHOWN_MAX_CHARS {
            quoted.push('…');
            break;
        }
        quoted.push_str(escaped);
    }
    quoted.push('"');
    quoted
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The beginning of a value's compact JSON. Stops soon after enough is written, so
/// that a large value costs no more than a small one.
#[derive(Default)]
struct Sketch {
    text: String,
}

impl Sketch {
    fn full(&self) -> bool {
        self.text.len() > SHOWN_MAX_CHARS * 4
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Null => self.text.push_str("null"),
            Json::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            Json::Number(number) => self.text.push_str(&cut(number)),
            Json::String(text) => self.text.push_str(&shown_text(text)),
            Json::List(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if self.full() {
                        return;
                    }
                    self.comma(index);
                    self.value(element);
                }
                self.text.push(']');
            }
            Json::Object(members) => {
                self.text.push('{');
                for (index, (name, member)) in members.iter().enumerate() {
                    if self.full() {
                        return;
                    }
                    self.comma(index);
                    self.text.push_str(&shown_text(name));
                    self.text.push(':');
                    self.value(member);
                }
                self.text.push('}');
            }
        }
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.text.push(',');
        }
    }
}
