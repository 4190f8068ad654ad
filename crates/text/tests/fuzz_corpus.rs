//! A fixed number of mutated inputs from the corpus: no panic, linear time, and the fast paths
//! agree with the step-by-step one.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/readers.rs"]
mod readers;

use text::count::{Unit, count};
use text::detect;
use text::protected::spans;

const INPUTS: usize = 20_000;

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/count");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 => bytes[at] = dice.below(256) as u8,
            1 => bytes.truncate(at + 1),
            2 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len());
                bytes.splice(at..at, other[from..].iter().copied().take(24));
            }
            _ => {
                bytes.remove(at);
                if bytes.is_empty() {
                    bytes.push(b'[');
                }
            }
        }
    }
    bytes
}

#[test]
fn mutated_texts_are_counted_without_panic() {
    let corpus = corpus();
    assert!(corpus.len() >= 5);
    let mut dice = Dice(42);
    corpus.iter().for_each(|input| readers::count(input));
    for _ in 0..INPUTS {
        readers::count(&mutated(&corpus, &mut dice));
    }
    detect::detect(&String::from_utf8_lossy(&corpus.concat()), &["en", "ja"]);
}

/// Inputs made to be slow stay linear: 200 KB of each is done in a moment.
#[test]
fn hostile_repetition_is_no_trouble() {
    for piece in [
        "[[[", "<a ", "<!--", "{{", "%(", "a@", "://", "[url=", "www.", "&", "-a", "'a", "{x", "a&", "&_",
        "w", "a://", "@a",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        count(&text, Unit::Word);
        spans(&text);
    }
}
