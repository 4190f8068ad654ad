//! Draws the letters of a captcha, waved, with arcs across and light noise.

use std::f32::consts::TAU;

use super::{
    canvas::{Canvas, Point},
    layout::{Placed, lay_out},
    random::Random,
};

const WIDTH: usize = 240;
const HEIGHT: usize = 80;
/// What stays free above and below the letters, in pixels.
const EDGE_PX: f32 = 1.5;
const WAVE_PX: (f32, f32) = (3.0, 6.0);
const WAVE_LENGTH_PX: (f32, f32) = (150.0, 240.0);
const ARCS: usize = 2;
const ARC_PEN_PX: f32 = 1.3;
const ARC_DARKNESS: f32 = 0.8;
/// Greys with a contrast far above 4.5 to 1, noise included.
const PAPER: (f32, f32) = (226.0, 244.0);
const INK: (f32, f32) = (24.0, 60.0);
const NOISE: f32 = 10.0;
const SPECKS: usize = 50;
const SPECK_DARKNESS: f32 = 0.4;

/// The picture of a text as PNG, 240 by 80 pixels in grey. Lower case is drawn as upper case; a
/// character outside the alphabet is left out.
pub fn picture(text: &str, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, text);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let wave = Wave::new(&mut random);
    for letter in lay_out(text, WIDTH as f32, &mut random) {
        draw_letter(&letter, &wave, &mut canvas);
    }
    for _ in 0..ARCS {
        draw_arc(&mut canvas, &mut random);
    }
    for _ in 0..SPECKS {
        draw_speck(&mut canvas, &mut random);
    }
    let (paper, ink) = (random.between(PAPER.0, PAPER.1), random.between(INK.0, INK.1));
    encode(&canvas.grey(paper, ink, || random.between(-NOISE, NOISE)))
}

/// Waves a letter, keeps it between the upper and the lower edge, and draws it.
fn draw_letter(letter: &Placed, wave: &Wave, canvas: &mut Canvas) {
    let height = canvas.height as f32;
    let mut strokes = letter.strokes.clone();
    let (mut top, mut bottom) = (height, 0.0_f32);
    for point in strokes.iter_mut().flatten() {
        point.y += height / 2.0 + wave.at(point.x);
        (top, bottom) = (top.min(point.y), bottom.max(point.y));
    }
    let room = letter.pen_px / 2.0 + EDGE_PX;
    let back = (room - top).max(0.0) - (bottom + room - height).max(0.0);
    for stroke in &mut strokes {
        for point in stroke.iter_mut() {
            point.y += back;
        }
        canvas.stroke(stroke, letter.pen_px, 1.0);
    }
}

/// Moves everything up and down along the picture.
struct Wave {
    height_px: f32,
    length_px: f32,
    start: f32,
}

impl Wave {
    fn new(random: &mut Random) -> Wave {
        Wave {
            height_px: random.between(WAVE_PX.0, WAVE_PX.1),
            length_px: random.between(WAVE_LENGTH_PX.0, WAVE_LENGTH_PX.1),
            start: random.between(0.0, TAU),
        }
    }

    fn at(&self, x: f32) -> f32 {
        self.height_px * (self.start + TAU * x / self.length_px).sin()
    }
}

/// A thin curve from the left to the right edge.
fn draw_arc(canvas: &mut Canvas, random: &mut Random) {
    const STEPS: u8 = 48;
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let start = random.between(0.3, 0.7) * height;
    let end = random.between(0.3, 0.7) * height;
    let depth_px = random.between(8.0, 18.0);
    let depth = random.sign(depth_px);
    let at = |step: u8| {
        let share = f32::from(step) / f32::from(STEPS);
        let bow = depth * 4.0 * share * (1.0 - share);
        Point::new(share * width, start + share * (end - start) + bow)
    };
    let points: Vec<Point> = (0..=STEPS).map(at).collect();
    canvas.stroke(&points, ARC_PEN_PX, ARC_DARKNESS);
}

/// A pale dot.
fn draw_speck(canvas: &mut Canvas, random: &mut Random) {
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let middle = Point::new(random.between(0.0, width), random.between(0.0, height));
    canvas.stroke(&[middle, middle], random.between(1.0, 2.4), SPECK_DARKNESS);
}

fn encode(grey: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(grey)?;
            writer.finish()
        })
        .expect("memory takes everything, and there is one byte a pixel");
    file
}
