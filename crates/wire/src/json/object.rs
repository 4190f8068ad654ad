//! The members of a JSON object in the order sent.

use super::Json;
use crate::field::given;
use std::collections::HashMap;

/// A JSON object: its members in the order sent, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// An object of these members. The caller has made sure that each name comes once.
    pub(crate) fn from_distinct(members: Vec<(String, Json)>) -> Object {
        Object(members)
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Takes the member of this name out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// The members in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members of both; where both have a name, the one of `self` stays, unless it says nothing: `""` and
    /// `null` are as good as not given (api-v2 1.2).
    #[must_use]
    pub fn or(mut self, other: Object) -> Object {
        let known: HashMap<String, usize> =
            self.0.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        for (name, value) in other {
            match known.get(&name).and_then(|at| self.0.get_mut(*at)) {
                None => self.0.push((name, value)),
                Some((_, said)) if given(Some(said)).is_none() => *said = value,
                Some(_) => {}
            }
        }
        self
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of members with the same name the last counts.
impl FromIterator<(String, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(members: I) -> Object {
        let mut kept: Vec<(String, Json)> = Vec::new();
        // Looking through them one by one would take a million names for ever.
        let mut places: HashMap<String, usize> = HashMap::new();
        for (name, value) in members {
            match places.get(&name).and_then(|place| kept.get_mut(*place)) {
                Some(member) => member.1 = value,
                None => {
                    places.insert(name.clone(), kept.len());
                    kept.push((name, value));
                }
            }
        }
        Object(kept)
    }
}
