//! Chooses the look of each letter and stands the letters side by side.
//!
//! Turned letters would run into each other if each had a cell of its own. So they are first
//! pushed together as far as a small clearance allows, measured between the strokes themselves;
//! then the room that is left is dealt out between them by chance, which shifts each sideways.

use super::{
    canvas::Point,
    face::{FACES, Face},
    letter::{Letter, outline},
    random::Random,
};

/// The height of a letter, in pixels.
const LETTER_PX: (f32, f32) = (36.0, 44.0);
/// How far a letter is turned either way, in degrees.
const TURN: f32 = 25.0;
/// How far a letter is shifted in each direction, in pixels.
const SHIFT_PX: f32 = 6.0;
/// What stays free at the left and the right end, and what should at least stay free between the
/// strokes of two letters.
const MARGIN_PX: f32 = 5.0;
const CLEARANCE_PX: f32 = 4.0;
const ROOMY_GAP_PX: f32 = 10.0;
/// Neighbours may reach under each other, but not further than this share of their width.
const LEAST_ADVANCE: f32 = 0.85;

/// A letter as it will be drawn, except for the wave.
pub(super) struct Placed {
    pub strokes: Vec<Vec<Point>>,
    pub pen_px: f32,
    width_px: f32,
    middle_x: f32,
}

/// The letters of a text, spread over the width of the picture around the middle of its height.
/// Characters outside the alphabet are left out.
pub(super) fn lay_out(text: &str, width_px: f32, random: &mut Random) -> Vec<Placed> {
    let letters = text.chars().filter_map(|c| outline(c.to_ascii_uppercase()));
    let letters: Vec<Letter> = letters.collect();
    let tallest_px = tallest_px(&letters, width_px);
    let mut placed: Vec<Placed> =
        letters.iter().map(|letter| Placed::new(letter, tallest_px, random)).collect();
    for at in 1..placed.len() {
        let (before, after) = placed.split_at_mut(at);
        after[0].stand_right_of(&before[at - 1]);
    }
    spread(&mut placed, width_px, random);
    placed
}

/// The greatest height of the letters at which even wide ones have about [`ROOMY_GAP_PX`] between
/// them.
fn tallest_px(letters: &[Letter], width_px: f32) -> f32 {
    let widths: f32 = letters.iter().map(|letter| letter.width).sum();
    let for_letters = width_px - 2.0 * MARGIN_PX - ROOMY_GAP_PX * letters.len() as f32;
    (for_letters / widths.max(1.0)).clamp(LETTER_PX.0, LETTER_PX.1)
}

impl Placed {
    fn new(letter: &Letter, tallest_px: f32, random: &mut Random) -> Placed {
        let face: &Face = random.choice(&FACES);
        let height_px = random.between(LETTER_PX.0, tallest_px);
        let (sin, cos) = random.between(-TURN, TURN).to_radians().sin_cos();
        let up_or_down = random.between(-SHIFT_PX, SHIFT_PX);
        let mut strokes = face.strokes(letter);
        for point in strokes.iter_mut().flatten() {
            let (x, y) = (point.x * height_px, point.y * height_px);
            *point = Point::new(x * cos - y * sin, x * sin + y * cos + up_or_down);
        }
        Placed { strokes, pen_px: face.pen * height_px, width_px: letter.width * height_px, middle_x: 0.0 }
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.strokes.iter().flatten()
    }

    /// The outermost places of the ink: left and right.
    fn ends(&self) -> (f32, f32) {
        let ends = (f32::INFINITY, f32::NEG_INFINITY);
        let (left, right) = self.points().fold(ends, |(left, right), p| (left.min(p.x), right.max(p.x)));
        (left - self.pen_px / 2.0, right + self.pen_px / 2.0)
    }

    fn move_right(&mut self, by: f32) {
        self.middle_x += by;
        for point in self.strokes.iter_mut().flatten() {
            point.x += by;
        }
    }

    /// Moves the letter as close to its neighbour as the clearance allows.
    fn stand_right_of(&mut self, left: &Placed) {
        let apart = (self.pen_px + left.pen_px) / 2.0 + CLEARANCE_PX;
        let mut by = left.middle_x + LEAST_ADVANCE * (left.width_px + self.width_px) / 2.0 - self.middle_x;
        for of_left in left.points() {
            for own in self.points() {
                let between_rows = own.y - of_left.y;
                if between_rows.abs() < apart {
                    let needed = (apart * apart - between_rows * between_rows).sqrt();
                    by = by.max(of_left.x + needed - own.x);
                }
            }
        }
        self.move_right(by);
    }
}

/// Deals the room that is left out before, between and behind the letters by chance. If there is
/// too little room, the letters move together by the same amount each.
fn spread(placed: &mut [Placed], width_px: f32, random: &mut Random) {
    let (Some(first), Some(last)) = (placed.first(), placed.last()) else { return };
    let (left, right) = (first.ends().0, last.ends().1);
    let spare = width_px - 2.0 * MARGIN_PX - (right - left);
    let gaps = placed.len() - 1;
    if spare < 0.0 && gaps > 0 {
        let closer = spare / gaps as f32;
        for (at, letter) in placed.iter_mut().enumerate() {
            letter.move_right(MARGIN_PX - left + closer * at as f32);
        }
        return;
    }
    let shares: Vec<f32> = (0..gaps + 2).map(|_| random.between(0.5, 1.5)).collect();
    let unit = spare / shares.iter().sum::<f32>();
    let mut by = MARGIN_PX - left;
    for (letter, share) in placed.iter_mut().zip(&shares) {
        by += share * unit;
        letter.move_right(by);
    }
}
