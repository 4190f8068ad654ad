//! The object that a method works on: `data`, the direct parameters, or both.

use super::{Data, DataFault, Params};
use crate::json::{Json, JsonFault, Object, parse};
use std::collections::HashSet;

/// What a method works on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataOutcome {
    /// The members; of a repeated parameter the last value.
    pub object: Object,
    /// Earlier values of repeated parameters, in the order sent.
    earlier: Vec<(String, Json)>,
}

impl DataOutcome {
    /// Every value of a member, in the order sent: for lists of ids, which may come as one
    /// parameter repeated.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Json> {
        let earlier = self.earlier.iter().filter(move |(known, _)| known == name).map(|(_, value)| value);
        earlier.chain(self.object.get(name))
    }

    /// The members; of a repeated parameter all values, as a list.
    pub fn whole(&self) -> Object {
        let whole = |(name, last): (&str, &Json)| {
            let repeated = self.earlier.iter().any(|(known, _)| known == name);
            let value = if repeated { Json::List(self.all(name).cloned().collect()) } else { last.clone() };
            (name.to_owned(), value)
        };
        self.object.iter().map(whole).collect()
    }
}

impl Params {
    /// Takes the `data` object out, together with the parameters given directly.
    ///
    /// GET and DELETE: a direct parameter beats the same member of `data`, and neither
    /// need be there. POST and PUT: `data` beats direct ones, and without any of them, and
    /// without a file, there is nothing to work on.
    pub fn data_object(&mut self) -> Result<DataOutcome, DataFault> {
        let data = self.take_data()?;
        let (direct, earlier) = last_ones(self.take_direct());
        let nothing = data.is_none() && direct.is_empty() && self.files.is_empty();
        if nothing && !self.method_is_get_like {
            return Err(DataFault::Missing);
        }
        let data = data.unwrap_or_default();
        let object = if self.method_is_get_like { direct.or(data) } else { data.or(direct) };
        Ok(DataOutcome { object, earlier })
    }

    fn take_data(&mut self) -> Result<Option<Object>, DataFault> {
        let (json, at) = match self.data.take() {
            None => return Ok(None),
            Some(Data::Broken(fault)) => return Err(DataFault::NotAnObject(fault)),
            Some(Data::Json(json)) => (json, JsonFault::at("", 0, OBJECT)),
            Some(Data::Text(text)) => {
                let json = parse(&text).map_err(DataFault::NotAnObject)?;
                (json, JsonFault::at(&text, text.len() - text.trim_start().len(), OBJECT))
            }
        };
        match json {
            Json::Object(object) => Ok(Some(object)),
            _ => Err(DataFault::NotAnObject(at)),
        }
    }

    /// The direct parameters, and before them the texts that came with a file name: they
    /// may be the one or the other.
    fn take_direct(&mut self) -> Vec<(String, Json)> {
        let texts = self.files.iter().filter_map(|file| {
            let text = file.parameter_text()?;
            Some((file.part_name.clone(), Json::String(text.to_owned())))
        });
        texts.chain(std::mem::take(&mut self.direct)).collect()
    }
}

const OBJECT: &str = "an object: { … }";

/// Each name with its last value, and the values before those.
fn last_ones(pairs: Vec<(String, Json)>) -> (Object, Vec<(String, Json)>) {
    let mut seen = HashSet::new();
    let is_last: Vec<bool> = pairs.iter().rev().map(|(name, _)| seen.insert(name.clone())).collect();
    let mut last = Vec::new();
    let mut earlier = Vec::new();
    for (pair, is_last) in pairs.into_iter().zip(is_last.into_iter().rev()) {
        if is_last { last.push(pair) } else { earlier.push(pair) }
    }
    (Object::from_distinct(last), earlier)
}
