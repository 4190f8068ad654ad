//! From JSON text to [`Json`], level by level.
//!
//! At each level `serde_json` splits a list or object into the raw texts of its
//! elements, and each of these is read in turn. The text is scanned once a level,
//! at most [`DEPTH_MAX`] times. The stack is bounded by the same number: the first
//! scan, which takes any depth, does not recurse.

use super::{DEPTH_MAX, Json, JsonFault, Object, STRING_MAX_BYTES, VALUES_MAX, shown_text};
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Error, value::RawValue};
use std::{
    collections::{HashSet, hash_map::RandomState},
    fmt,
    hash::BuildHasher as _,
};

/// Objects of fewer members look for a repeated name without a set.
const SMALL_OBJECT: usize = 16;

pub(super) fn document(text: &str) -> Result<Json, JsonFault> {
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|error| JsonFault::of_grammar(text, 0, text, &error))?;
    Reader { text, values_left: VALUES_MAX, fault: None, hasher: RandomState::new() }.value(raw.get(), 0)
}

struct Reader<'t> {
    text: &'t str,
    values_left: usize,
    /// A fault of our own on its way out through `serde_json`, which cannot carry it.
    fault: Option<JsonFault>,
    hasher: RandomState,
}

impl<'t> Reader<'t> {
    /// Reads a raw value whose grammar has been checked. `depth` is the number of
    /// lists and objects around it.
    fn value(&mut self, raw: &'t str, depth: usize) -> Result<Json, JsonFault> {
        self.values_left = self
            .values_left
            .checked_sub(1)
            .ok_or_else(|| self.fault_at(raw, format!("at most {VALUES_MAX} values in all")))?;
        match raw.as_bytes().first() {
            Some(b'{' | b'[') if depth == DEPTH_MAX => {
                Err(self.fault_at(raw, format!("at most {DEPTH_MAX} lists and objects inside each other")))
            }
            Some(b'{') => {
                let read =
                    Deserializer::from_str(raw).deserialize_map(Members(Level { reader: self, depth }));
                self.unpack(raw, read).map(|members| Json::Object(Object::from_distinct(members)))
            }
            Some(b'[') => {
                let read =
                    Deserializer::from_str(raw).deserialize_seq(Elements(Level { reader: self, depth }));
                self.unpack(raw, read).map(Json::List)
            }
            Some(b'"') => self.string(raw).map(Json::String),
            Some(b't') => Ok(Json::Bool(true)),
            Some(b'f') => Ok(Json::Bool(false)),
            Some(b'n') => Ok(Json::Null),
            _ => Ok(Json::Number(raw.to_owned())),
        }
    }

    fn string(&mut self, raw: &'t str) -> Result<String, JsonFault> {
        if raw.len() > STRING_MAX_BYTES {
            return Err(self.fault_at(raw, format!("strings of at most {} MB", STRING_MAX_BYTES >> 20)));
        }
        let read = serde_json::from_str(raw);
        self.unpack(raw, read)
    }

    fn unpack<T>(&mut self, raw: &'t str, read: Result<T, Error>) -> Result<T, JsonFault> {
        read.map_err(|error| match self.fault.take() {
            Some(fault) => fault,
            None => JsonFault::of_grammar(self.text, self.offset(raw), raw, &error),
        })
    }

    fn fault_at(&self, raw: &'t str, expected: String) -> JsonFault {
        JsonFault::at(self.text, self.offset(raw), expected)
    }

    /// Where the slice begins in the text.
    fn offset(&self, raw: &'t str) -> usize {
        (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}

/// One list or object: hands each raw element back to the reader.
struct Level<'r, 't> {
    reader: &'r mut Reader<'t>,
    depth: usize,
}

impl<'t> Level<'_, 't> {
    fn element<E: serde::de::Error>(&mut self, raw: &'t RawValue) -> Result<Json, E> {
        self.reader.value(raw.get(), self.depth + 1).map_err(|fault| self.leave(fault))
    }

    fn leave<E: serde::de::Error>(&mut self, fault: JsonFault) -> E {
        self.reader.fault = Some(fault);
        E::custom("see the reader's fault")
    }
}

/// The member names of an object so far.
#[derive(Default)]
struct Names(HashSet<u64>);

impl Names {
    /// Whether the name is there already. Small objects are searched; for others the
    /// set of hashes says in most cases that a search is not needed.
    fn came_before(&mut self, name: &str, members: &[(String, Json)], hasher: &RandomState) -> bool {
        let search = || members.iter().any(|(known, _)| known == name);
        if members.len() < SMALL_OBJECT {
            return search();
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|(known, _)| hasher.hash_one(known.as_str())));
        }
        !self.0.insert(hasher.hash_one(name)) && search()
    }
}

struct Members<'r, 't>(Level<'r, 't>);

impl<'t> Visitor<'t> for Members<'_, 't> {
    type Value = Vec<(String, Json)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut level = self.0;
        let mut members = Vec::new();
        let mut names = Names::default();
        while let Some(raw_name) = map.next_key::<&'t RawValue>()? {
            let name = level.reader.string(raw_name.get()).map_err(|fault| level.leave(fault))?;
            if names.came_before(&name, &members, &level.reader.hasher) {
                let expected = format!("each member once, but {} comes twice here", shown_text(&name));
                let fault = level.reader.fault_at(raw_name.get(), expected);
                return Err(level.leave(fault));
            }
            let value = level.element(map.next_value()?)?;
            members.push((name, value));
        }
        Ok(members)
    }
}

struct Elements<'r, 't>(Level<'r, 't>);

impl<'t> Visitor<'t> for Elements<'_, 't> {
    type Value = Vec<Json>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut level = self.0;
        let mut elements = Vec::new();
        while let Some(raw) = list.next_element::<&'t RawValue>()? {
            elements.push(level.element(raw)?);
        }
        Ok(elements)
    }
}
