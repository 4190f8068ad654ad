//! The captcha: six letters that a person reads and a program should not. Each is turned,
//! shifted and waved, drawn in one of three faces; two arcs and some noise lie over them.
//! Black on white family, no colours. Source: engines L.

mod glyphs;
mod raster;

use raster::{Canvas, Point};
use unicode_normalization::UnicodeNormalization;

/// The letters and digits that have no look-alikes.
pub const ALPHABET: &str = "ACDEFGHJKMNPQRTUVWXY34679";

const WIDTH: usize = 240;
const HEIGHT: usize = 80;
const LETTER_WIDTH: f32 = 24.0;

/// A text for a challenge, made of random bytes.
pub fn text(random: [u8; 6]) -> String {
    let letters = ALPHABET.as_bytes();
    random.iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
}

/// Whether an answer is right: case, spaces and width do not matter.
pub fn same(expected: &str, given: &str) -> bool {
    let plain = |text: &str| -> String {
        text.nfkc().filter(|letter| !letter.is_whitespace()).flat_map(char::to_uppercase).collect()
    };
    !expected.is_empty() && plain(expected) == plain(given)
}

/// A way of drawing letters.
struct Face {
    stroke: f32,
    slant: f32,
    wide: f32,
    serifs: bool,
}

const FACES: [Face; 3] = [
    Face { stroke: 2.0, slant: 0.0, wide: 1.0, serifs: false },
    Face { stroke: 3.0, slant: 0.14, wide: 0.9, serifs: false },
    Face { stroke: 1.7, slant: -0.05, wide: 1.05, serifs: true },
];

/// The picture of a text as PNG, 240 × 80. The seed decides everything random.
pub fn picture(text: &str, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let step = (WIDTH as f32 - 44.0) / 6.0;
    for (index, letter) in text.chars().take(6).enumerate() {
        let middle = Point { x: 36.0 + step * index as f32, y: 40.0 };
        draw(&mut canvas, letter, middle, &mut dice);
    }
    for _ in 0..2 {
        arc(&mut canvas, &mut dice);
    }
    for _ in 0..160 {
        let at = Point { x: dice.between(0.0, WIDTH as f32), y: dice.between(0.0, HEIGHT as f32) };
        let shade = dice.between(0.25, 0.6);
        canvas.line(at, at, 0.7, shade);
    }
    canvas.png()
}

fn draw(canvas: &mut Canvas, letter: char, middle: Point, dice: &mut Dice) {
    let face = &FACES[dice.below(FACES.len() as u64) as usize];
    let size = dice.between(36.0, 44.0);
    let turn = dice.between(-25.0, 25.0).to_radians();
    let shift = Point { x: dice.between(-4.0, 4.0), y: dice.between(-6.0, 6.0) };
    let (amplitude, phase) = (dice.between(1.5, 3.0), dice.between(0.0, std::f32::consts::TAU));
    let place = |point: Point| {
        let x =
            (point.x - 0.5) * LETTER_WIDTH * face.wide * size / 40.0 + face.slant * (0.5 - point.y) * size;
        let y = (point.y - 0.5) * size;
        let (sin, cos) = turn.sin_cos();
        let (x, y) = (x * cos - y * sin + middle.x + shift.x, x * sin + y * cos + middle.y + shift.y);
        Point { x, y: y + amplitude * (x / 18.0 + phase).sin() }
    };
    for stroke in glyphs::strokes(letter) {
        for pair in stroke.windows(2) {
            canvas.line(place(pair[0]), place(pair[1]), face.stroke, 1.0);
        }
        if face.serifs {
            for end in [stroke.first(), stroke.last()].into_iter().flatten() {
                let left = Point { x: end.x - 0.12, y: end.y };
                let right = Point { x: end.x + 0.12, y: end.y };
                canvas.line(place(left), place(right), face.stroke * 0.8, 1.0);
            }
        }
    }
}

/// A thin curve across the picture.
fn arc(canvas: &mut Canvas, dice: &mut Dice) {
    let (from, to) = (dice.between(12.0, 68.0), dice.between(12.0, 68.0));
    let bow = dice.between(-26.0, 26.0);
    let at = |part: f32| Point {
        x: part * WIDTH as f32,
        y: from + (to - from) * part + bow * (part * std::f32::consts::PI).sin(),
    };
    for piece in 0..48 {
        canvas.line(at(piece as f32 / 48.0), at((piece + 1) as f32 / 48.0), 0.9, 0.85);
    }
}

/// Random numbers that follow from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (self.next() >> 40) as f32 / (1u64 << 24) as f32 * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_strokes_and_none_has_a_look_alike() {
        for letter in ALPHABET.chars() {
            assert!(!glyphs::strokes(letter).is_empty(), "{letter}");
        }
        assert!(!ALPHABET.contains(['0', 'O', '1', 'I', 'L', '5', 'S', '2', 'Z', '8', 'B']));
    }

    #[test]
    fn answers_are_compared_as_people_type() {
        for given in ["PJK369", "pjk369", " pj k3 69 ", "ＰＪＫ３６９"] {
            assert!(same("PJK369", given), "{given}");
        }
        assert!(!same("PJK369", "PJK368"));
        assert!(!same("", ""));
    }

    #[test]
    fn the_picture_is_the_same_each_time_and_has_the_right_size() {
        let picture = super::picture("ACDEFG", 7);
        assert_eq!(picture, super::picture("ACDEFG", 7));
        assert_ne!(picture, super::picture("ACDEFG", 8));
        let reader = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (240, 80));
    }

    #[test]
    fn texts_use_the_alphabet() {
        let text = text([0, 24, 25, 100, 200, 255]);
        assert_eq!(text.len(), 6);
        assert!(text.chars().all(|letter| ALPHABET.contains(letter)));
    }
}
