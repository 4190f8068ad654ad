//! The outlines of the 25 characters.
//!
//! A letter stands in a box of height 1 with its own width; x grows to the right, y downwards.
//! It is made of straight lines and of parts of ellipses, and says where a serif may stand.
//! `4` is open and `7` has a hook, so that turned ones do not pass for `A` and `1`.

use super::canvas::Point;

/// One movement of the pen.
pub(super) enum Stroke {
    /// Straight lines through these points.
    Line(&'static [(f32, f32)]),
    /// A part of an ellipse, in degrees: 0 is right, 90 is down.
    Arc { centre: (f32, f32), radii: (f32, f32), from: f32, to: f32 },
}

/// One character.
pub(super) struct Letter {
    pub width: f32,
    pub strokes: &'static [Stroke],
    /// Where a face with serifs puts one, as a short horizontal line. Below `F` and `T` there is
    /// none: with it, and turned, they would pass for `E` and `I`.
    pub feet: &'static [(f32, f32)],
}

const fn arc(centre: (f32, f32), radii: (f32, f32), from: f32, to: f32) -> Stroke {
    Stroke::Arc { centre, radii, from, to }
}

const fn letter(width: f32, strokes: &'static [Stroke], feet: &'static [(f32, f32)]) -> Letter {
    Letter { width, strokes, feet }
}

/// The outline of a character of the alphabet.
#[rustfmt::skip]
pub(super) fn outline(character: char) -> Option<Letter> {
    use Stroke::Line;
    Some(match character {
        'A' => letter(0.72, const { &[Line(&[(0.0, 1.0), (0.36, 0.0), (0.72, 1.0)]), Line(&[(0.13, 0.66), (0.59, 0.66)])] }, &[(0.0, 1.0), (0.72, 1.0)]),
        'C' => letter(0.66, const { &[arc((0.37, 0.5), (0.37, 0.5), 48.0, 312.0)] }, &[]),
        'D' => letter(0.66, const { &[Line(&[(0.24, 0.0), (0.0, 0.0), (0.0, 1.0), (0.24, 1.0)]), arc((0.24, 0.5), (0.42, 0.5), -90.0, 90.0)] }, &[(0.0, 0.0), (0.0, 1.0)]),
        'E' => letter(0.56, const { &[Line(&[(0.56, 0.0), (0.0, 0.0), (0.0, 1.0), (0.56, 1.0)]), Line(&[(0.0, 0.48), (0.46, 0.48)])] }, &[(0.0, 0.0), (0.0, 1.0)]),
        'F' => letter(0.56, const { &[Line(&[(0.56, 0.0), (0.0, 0.0), (0.0, 1.0)]), Line(&[(0.0, 0.48), (0.45, 0.48)])] }, &[(0.0, 0.0)]),
        'G' => letter(0.70, const { &[arc((0.37, 0.5), (0.37, 0.5), 36.0, 312.0), Line(&[(0.40, 0.56), (0.70, 0.56), (0.70, 0.95)])] }, &[]),
        'H' => letter(0.64, const { &[Line(&[(0.0, 0.0), (0.0, 1.0)]), Line(&[(0.64, 0.0), (0.64, 1.0)]), Line(&[(0.0, 0.5), (0.64, 0.5)])] }, &[(0.0, 0.0), (0.0, 1.0), (0.64, 0.0), (0.64, 1.0)]),
        'J' => letter(0.50, const { &[Line(&[(0.50, 0.0), (0.50, 0.72)]), arc((0.25, 0.72), (0.25, 0.28), 0.0, 165.0)] }, &[(0.50, 0.0)]),
        'K' => letter(0.64, const { &[Line(&[(0.0, 0.0), (0.0, 1.0)]), Line(&[(0.60, 0.0), (0.0, 0.60)]), Line(&[(0.21, 0.39), (0.64, 1.0)])] }, &[(0.0, 0.0), (0.0, 1.0)]),
        'M' => letter(0.80, const { &[Line(&[(0.0, 1.0), (0.0, 0.0), (0.40, 0.68), (0.80, 0.0), (0.80, 1.0)])] }, &[(0.0, 1.0), (0.80, 1.0)]),
        'N' => letter(0.64, const { &[Line(&[(0.0, 1.0), (0.0, 0.0), (0.64, 1.0), (0.64, 0.0)])] }, &[(0.0, 1.0), (0.64, 0.0)]),
        'P' => letter(0.58, const { &[Line(&[(0.28, 0.0), (0.0, 0.0), (0.0, 1.0)]), arc((0.28, 0.28), (0.30, 0.28), -90.0, 90.0), Line(&[(0.28, 0.56), (0.0, 0.56)])] }, &[(0.0, 0.0), (0.0, 1.0)]),
        'Q' => letter(0.76, const { &[arc((0.38, 0.5), (0.38, 0.5), 0.0, 360.0), Line(&[(0.44, 0.68), (0.78, 1.06)])] }, &[]),
        'R' => letter(0.60, const { &[Line(&[(0.28, 0.0), (0.0, 0.0), (0.0, 1.0)]), arc((0.28, 0.27), (0.29, 0.27), -90.0, 90.0), Line(&[(0.0, 0.54), (0.28, 0.54), (0.60, 1.0)])] }, &[(0.0, 0.0), (0.0, 1.0)]),
        'T' => letter(0.66, const { &[Line(&[(0.0, 0.0), (0.66, 0.0)]), Line(&[(0.33, 0.0), (0.33, 1.0)])] }, &[]),
        'U' => letter(0.62, const { &[Line(&[(0.0, 0.0), (0.0, 0.68)]), arc((0.31, 0.68), (0.31, 0.32), 180.0, 0.0), Line(&[(0.62, 0.68), (0.62, 0.0)])] }, &[(0.0, 0.0), (0.62, 0.0)]),
        'V' => letter(0.68, const { &[Line(&[(0.0, 0.0), (0.34, 1.0), (0.68, 0.0)])] }, &[(0.0, 0.0), (0.68, 0.0)]),
        'W' => letter(0.88, const { &[Line(&[(0.0, 0.0), (0.22, 1.0), (0.44, 0.22), (0.66, 1.0), (0.88, 0.0)])] }, &[(0.0, 0.0), (0.88, 0.0)]),
        'X' => letter(0.64, const { &[Line(&[(0.0, 0.0), (0.64, 1.0)]), Line(&[(0.64, 0.0), (0.0, 1.0)])] }, &[(0.0, 1.0), (0.64, 1.0)]),
        'Y' => letter(0.66, const { &[Line(&[(0.0, 0.0), (0.33, 0.5), (0.66, 0.0)]), Line(&[(0.33, 0.5), (0.33, 1.0)])] }, &[(0.0, 0.0), (0.66, 0.0), (0.33, 1.0)]),
        '3' => letter(0.56, const { &[arc((0.27, 0.25), (0.25, 0.25), -155.0, 90.0), arc((0.27, 0.75), (0.29, 0.25), -90.0, 155.0), Line(&[(0.17, 0.5), (0.27, 0.5)])] }, &[]),
        '4' => letter(0.62, const { &[Line(&[(0.16, 0.0), (0.0, 0.62), (0.62, 0.62)]), Line(&[(0.46, 0.24), (0.46, 1.0)])] }, &[]),
        '6' => letter(0.58, const { &[arc((0.29, 0.68), (0.29, 0.32), 0.0, 360.0), arc((0.50, 0.64), (0.50, 0.64), 180.0, 272.0)] }, &[]),
        '7' => letter(0.58, const { &[Line(&[(0.0, 0.14), (0.0, 0.0), (0.58, 0.0), (0.20, 1.0)])] }, &[]),
        '9' => letter(0.58, const { &[arc((0.29, 0.32), (0.29, 0.32), 0.0, 360.0), arc((0.08, 0.36), (0.50, 0.64), 0.0, 92.0)] }, &[]),
        _ => return None,
    })
}

impl Stroke {
    /// The stroke as points that lie so close together that bending them bends the stroke.
    pub fn points(&self) -> Vec<Point> {
        match *self {
            Stroke::Line(corners) => fine(corners),
            Stroke::Arc { centre, radii, from, to } => {
                const STEPS: u8 = 32;
                let at = |step: u8| {
                    let angle = (from + (to - from) * f32::from(step) / f32::from(STEPS)).to_radians();
                    Point::new(centre.0 + radii.0 * angle.cos(), centre.1 + radii.1 * angle.sin())
                };
                (0..=STEPS).map(at).collect()
            }
        }
    }
}

/// Straight lines through the corners, eight steps each.
fn fine(corners: &[(f32, f32)]) -> Vec<Point> {
    const STEPS: u8 = 8;
    let between = |ends: &[(f32, f32)], step: u8| {
        let share = f32::from(step) / f32::from(STEPS);
        let (from, to) = (ends[0], ends[1]);
        Point::new(from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    };
    corners.windows(2).flat_map(|ends| (0..=STEPS).map(move |step| between(ends, step))).collect()
}
