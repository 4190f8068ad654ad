//! Where the strokes are drawn: how much of each pixel is covered by ink, and by how dark an ink.

/// A place of the picture, or of a letter before it is put there; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Point {
        Point { x, y }
    }
}

/// A picture in the making: 0 is paper, 1 is full ink.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    ink: Vec<f32>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, ink: vec![0.0; width * height] }
    }

    /// Draws a line through the points, with round ends and joints. Where strokes cross, the
    /// darker one counts, so that crossings do not show.
    pub fn stroke(&mut self, points: &[Point], width_px: f32, darkness: f32) {
        for ends in points.windows(2) {
            self.segment(ends[0], ends[1], width_px / 2.0, darkness);
        }
    }

    fn segment(&mut self, from: Point, to: Point, radius: f32, darkness: f32) {
        let reach = radius + 1.0;
        let rows = span(from.y.min(to.y) - reach, from.y.max(to.y) + reach, self.height);
        for row in rows {
            for column in span(from.x.min(to.x) - reach, from.x.max(to.x) + reach, self.width) {
                let pixel = Point::new(column as f32 + 0.5, row as f32 + 0.5);
                // A pixel is a step of one unit: half covered where the edge goes through it.
                let covered = (radius - distance(pixel, from, to) + 0.5).clamp(0.0, 1.0);
                let ink = &mut self.ink[row * self.width + column];
                *ink = ink.max(covered * darkness);
            }
        }
    }

    /// The picture as 8-bit grey, row by row; `paper` and `ink` are the greys of 0 and 1.
    pub fn grey(&self, paper: f32, ink: f32, mut noise: impl FnMut() -> f32) -> Vec<u8> {
        let grey = |share: &f32| (paper + share * (ink - paper) + noise()).clamp(0.0, 255.0) as u8;
        self.ink.iter().map(grey).collect()
    }
}

/// The pixels between two places, as far as they lie on the canvas.
fn span(from: f32, to: f32, size: usize) -> std::ops::Range<usize> {
    // The conversion of a float cuts off below zero and above the greatest number.
    (from.floor() as usize)..(to.ceil() as usize).min(size)
}

/// From a point to the nearest point of a segment.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length_squared = dx * dx + dy * dy;
    let along = if length_squared == 0.0 {
        0.0
    } else {
        (((point.x - from.x) * dx + (point.y - from.y) * dy) / length_squared).clamp(0.0, 1.0)
    };
    (point.x - from.x - along * dx).hypot(point.y - from.y - along * dy)
}
