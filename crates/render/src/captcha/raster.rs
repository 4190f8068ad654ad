//! A small grey canvas: lines with round ends, anti-aliased by their distance to each pixel.

/// A point in pixels, or in a letter's unit box.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// Ink on white.
pub struct Canvas {
    width: usize,
    height: usize,
    /// 0 is white, 1 is black.
    ink: Vec<f32>,
}

impl Canvas {
    /// A white canvas.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, ink: vec![0.0; width * height] }
    }

    /// A line with round ends, `radius` thick to each side, in a shade from 0 to 1.
    pub fn line(&mut self, from: Point, to: Point, radius: f32, shade: f32) {
        let reach = radius + 1.0;
        let clamp = |value: f32, most: usize| value.max(0.0).min(most as f32) as usize;
        let (left, right) =
            (clamp(from.x.min(to.x) - reach, self.width), clamp(from.x.max(to.x) + reach + 1.0, self.width));
        let (top, bottom) = (
            clamp(from.y.min(to.y) - reach, self.height),
            clamp(from.y.max(to.y) + reach + 1.0, self.height),
        );
        for y in top..bottom {
            for x in left..right {
                let centre = Point { x: x as f32 + 0.5, y: y as f32 + 0.5 };
                let cover = (radius + 0.5 - distance(centre, from, to)).clamp(0.0, 1.0) * shade;
                let pixel = &mut self.ink[y * self.width + x];
                *pixel = pixel.max(cover);
            }
        }
    }

    /// The canvas as a grey PNG.
    pub fn png(&self) -> Vec<u8> {
        let grey: Vec<u8> = self.ink.iter().map(|ink| (255.0 - ink * 235.0) as u8).collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&grey));
        // Writing into memory fails for no picture of fixed size; an empty one says so if it does.
        if written.is_ok() { bytes } else { Vec::new() }
    }
}

/// From a point to the nearest point of a line.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx * dx + dy * dy;
    let part = if length > 0.0 {
        (((point.x - from.x) * dx + (point.y - from.y) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (from.x + part * dx - point.x, from.y + part * dy - point.y);
    (x * x + y * y).sqrt()
}
