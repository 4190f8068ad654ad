//! Broken input of every kind: the corpus of the fuzz targets and 20,000 mutations of it, the same ones in every run.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/readers.rs"]
mod readers;

use std::{fs, path::Path};

const ROUNDS: usize = 5_000;

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

fn fuzz(kind: &str, seed: u64, reader: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(kind);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    corpus.iter().for_each(|input| reader(input));
    let mut dice = Dice(seed);
    for _ in 0..ROUNDS {
        reader(&mutate(&mut dice, &corpus));
    }
}

#[test]
fn queries() {
    fuzz("query", 1, readers::query);
}

#[test]
fn forms() {
    fuzz("form", 2, readers::form);
}

#[test]
fn multipart_bodies() {
    fuzz("multipart", 3, readers::multipart);
}

#[test]
fn json_bodies() {
    fuzz("json", 4, readers::json);
}
