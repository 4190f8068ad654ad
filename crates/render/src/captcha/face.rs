//! The three faces: the same outlines with another pen.

use super::{canvas::Point, letter::Letter};

/// How outlines become letters.
pub(super) struct Face {
    /// The width of the pen, as a share of the height of a letter.
    pub pen: f32,
    /// How far the top leans to the right, as a share of the height.
    slant: f32,
    /// Half the length of a serif; 0 for none.
    serif: f32,
}

/// A plain, a bold leaning and a light face with serifs.
pub(super) const FACES: [Face; 3] = [
    Face { pen: 0.115, slant: 0.0, serif: 0.0 },
    Face { pen: 0.14, slant: 0.11, serif: 0.0 },
    Face { pen: 0.1, slant: 0.0, serif: 0.09 },
];

impl Face {
    /// The strokes of a letter around its own middle, in units of its height.
    pub fn strokes(&self, letter: &Letter) -> Vec<Vec<Point>> {
        let mut strokes: Vec<Vec<Point>> = letter.strokes.iter().map(|stroke| stroke.points()).collect();
        if self.serif > 0.0 {
            let serif =
                |&(x, y): &(f32, f32)| vec![Point::new(x - self.serif, y), Point::new(x + self.serif, y)];
            strokes.extend(letter.feet.iter().map(serif));
        }
        for point in strokes.iter_mut().flatten() {
            point.y -= 0.5;
            point.x -= letter.width / 2.0 + self.slant * point.y;
        }
        strokes
    }
}
