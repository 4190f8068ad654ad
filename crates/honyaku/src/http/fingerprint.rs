//! Whether two requests are the same: SHA-256 over the method, the path, the files and the data, whose
//! members may come in any order. Contract: api-v2 5.3.

use sha2::{Digest, Sha256};
use wire::answer::Format;
use wire::json::{Json, Object};
use wire::params::FilePart;

/// What makes a request the one that it is, but for credentials.
pub struct Request<'r> {
    /// The method, after `_method`.
    pub method: &'r str,
    /// The path's pattern.
    pub route: &'r str,
    /// The values of its placeholders.
    pub path: &'r [String],
    /// How the answer is written.
    pub format: Format,
    /// `data` and direct parameters.
    pub data: &'r Object,
    /// Files that come with it.
    pub files: &'r [FilePart],
}

/// The fingerprint of a whole request.
pub fn of_request(request: &Request<'_>) -> Vec<u8> {
    let mut hash = Sha256::new();
    text(&mut hash, request.method);
    text(&mut hash, request.route);
    for value in request.path {
        text(&mut hash, value);
    }
    text(&mut hash, request.format.content_type());
    object(&mut hash, request.data);
    for file in request.files {
        text(&mut hash, &file.part_name);
        text(&mut hash, &file.file_name);
        bytes(&mut hash, &file.bytes);
    }
    hash.finalize().to_vec()
}

/// The fingerprint of what was ordered.
pub fn of_data(data: &Object) -> [u8; 32] {
    let mut hash = Sha256::new();
    object(&mut hash, data);
    hash.finalize().into()
}

/// Length first, so that neighbours cannot run into each other.
fn bytes(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn text(hash: &mut Sha256, text: &str) {
    bytes(hash, text.as_bytes());
}

fn json(hash: &mut Sha256, value: &Json) {
    match value {
        Json::Null => hash.update("n"),
        Json::Bool(true) => hash.update("t"),
        Json::Bool(false) => hash.update("f"),
        Json::Number(number) => {
            hash.update("#");
            text(hash, number);
        }
        Json::String(string) => {
            hash.update("s");
            text(hash, string);
        }
        Json::List(elements) => {
            hash.update("l");
            hash.update((elements.len() as u64).to_le_bytes());
            elements.iter().for_each(|element| json(hash, element));
        }
        Json::Object(members) => object(hash, members),
    }
}

fn object(hash: &mut Sha256, members: &Object) {
    let mut sorted: Vec<(&str, &Json)> = members.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    hash.update("o");
    hash.update((sorted.len() as u64).to_le_bytes());
    for (name, value) in sorted {
        text(hash, name);
        json(hash, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> [u8; 32] {
        match wire::json::parse(text).unwrap() {
            Json::Object(object) => of_data(&object),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter_and_everything_else_does() {
        assert_eq!(data(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#), data(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#));
        assert_ne!(data(r#"{"a":[1,2]}"#), data(r#"{"a":[2,1]}"#));
        assert_ne!(data(r#"{"a":1}"#), data(r#"{"a":"1"}"#));
        assert_ne!(data(r#"{"a":"bc"}"#), data(r#"{"ab":"c"}"#));
    }
}
