//! Broken input of every kind: 20,000 mutations of a corpus, the same ones in every run.
//! Nothing may panic, hang, or repeat a long piece of the input in a message.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};
use wire::field;
use wire::json::{Json, parse};
use wire::params::Params;

const ROUNDS: usize = 5_000;

/// More than any message with 80 characters of input in it needs.
const MESSAGE_MAX_CHARS: usize = 300;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }
}

/// Pieces that mean something to one of the readers.
const TOKENS: &[&[u8]] = &[
    b"&",
    b"=",
    b"%",
    b"%FF",
    b"%00",
    b"+",
    b"data=",
    b"_method=delete",
    b"[0]",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"1e999",
    b"-",
    b"\r\n",
    b"\r\n\r\n",
    b"--b",
    b"--b--",
    b"; ",
    b"filename=",
    b"filename*=utf-8''%",
    b"name*=",
    b"\xff",
    b"\xe6\x97",
    b"\0",
    b"Content-Disposition: ",
];

fn mutate(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let end = (at + dice.below(20)).min(input.len());
        match dice.below(6) {
            0 => drop(input.splice(at..end, [])),
            1 => drop(input.splice(at..at, TOKENS[dice.below(TOKENS.len())].iter().copied())),
            2 => drop(input.splice(at..end, TOKENS[dice.below(TOKENS.len())].iter().copied())),
            3 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            4 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                input.truncate(at);
                input.extend(&other[from..]);
            }
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = dice.below(256) as u8;
                }
            }
        }
    }
    input
}

fn fuzz(kind: &str, seed: u64, reader: impl Fn(Vec<u8>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(kind);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    corpus.iter().cloned().for_each(&reader);
    let mut dice = Dice(seed);
    for _ in 0..ROUNDS {
        reader(mutate(&mut dice, &corpus));
    }
}

fn assert_short(message: &str) {
    assert!(message.chars().count() <= MESSAGE_MAX_CHARS, "{message}");
}

/// Everything that a caller may do with a request.
fn use_up(params: Result<Params, wire::params::ParamsFault>) {
    let mut params = match params {
        Ok(params) => params,
        Err(fault) => return assert_short(&fault.to_string()),
    };
    let files = params.files.len();
    match params.data_object() {
        Ok(outcome) => {
            let names: Vec<&str> = outcome.object.iter().map(|(name, _)| name).collect();
            names.iter().for_each(|name| drop(field::ids(outcome.all(name))));
            read_fields(&Json::Object(outcome.object));
        }
        Err(fault) => assert_short(&fault.to_string()),
    }
    assert_eq!(params.files.len(), files);
    params.files.iter().for_each(|file| drop((file.base_name().to_owned(), file.text().is_some())));
}

fn read_fields(value: &Json) {
    let value = Some(value);
    let faults = [
        field::boolean(value).err(),
        field::integer(value).err(),
        field::decimal_text(value).err(),
        field::text(value).err(),
        field::url(value).err(),
        field::ids(value).err(),
        field::list(value).err(),
        field::object(value).err(),
    ];
    faults.iter().flatten().for_each(|fault| assert_short(&fault.to_string()));
    match value {
        Some(Json::List(elements)) => elements.iter().for_each(read_fields),
        Some(Json::Object(members)) => members.iter().for_each(|(_, member)| read_fields(member)),
        _ => {}
    }
}

#[test]
fn queries() {
    fuzz("query", 1, |input| {
        use_up(Params::decode(true, Some(&String::from_utf8_lossy(&input)), None, Vec::new()));
    });
}

#[test]
fn forms() {
    fuzz("form", 2, |input| use_up(Params::decode(false, Some("a=1"), None, input)));
}

#[test]
fn multipart_bodies() {
    fuzz("multipart", 3, |input| {
        use_up(Params::decode(false, None, Some("multipart/form-data; boundary=b"), input.clone()));
        // The content type is input too.
        let content_type = format!("multipart/form-data;{}", String::from_utf8_lossy(&input));
        use_up(Params::decode(false, None, Some(&content_type), input));
    });
}

#[test]
fn json_bodies() {
    fuzz("json", 4, |input| {
        match parse(&String::from_utf8_lossy(&input)) {
            Ok(json) => read_fields(&json),
            Err(fault) => assert_short(&fault.to_string()),
        }
        use_up(Params::decode(false, None, Some("application/json"), input));
    });
}
