use std::{collections::HashSet, io::Cursor};

use super::{letter::outline, random::Random, *};

const WIDTH: usize = 240;
const HEIGHT: usize = 80;

/// The grey values of a picture, row by row.
fn pixels(file: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let info = reader.info();
    assert_eq!((info.width as usize, info.height as usize), (WIDTH, HEIGHT));
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
    let mut pixels = vec![0; WIDTH * HEIGHT];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

/// A text as from the service, but repeatable.
fn sample(seed: u64) -> String {
    let mut random = Random::new(seed, "samples");
    text(std::array::from_fn(|_| random.between(0.0, 255.9) as u8))
}

#[test]
fn every_character_has_an_outline_and_no_other() {
    for c in '\0'..='\u{ff}' {
        assert_eq!(outline(c).is_some(), ALPHABET.contains(c), "{c:?}");
    }
}

#[test]
fn outlines_fill_their_box() {
    for c in ALPHABET.chars() {
        let letter = outline(c).unwrap();
        let points: Vec<_> = letter.strokes.iter().flat_map(|stroke| stroke.points()).collect();
        let (top, bottom) = points
            .iter()
            .fold((1.0_f32, 0.0_f32), |(top, bottom), point| (top.min(point.y), bottom.max(point.y)));
        assert!((-0.02..0.02).contains(&top) && (0.98..1.08).contains(&bottom), "{c}: {top} to {bottom}");
        for point in points {
            assert!((-0.03..letter.width + 0.03).contains(&point.x), "{c}: x is {}", point.x);
        }
    }
}

#[test]
fn texts_are_six_characters_and_every_byte_counts() {
    assert_eq!(text([0; 6]), "AAAAAA");
    let mut seen = HashSet::from([text([0; 6])]);
    for at in 0..6 {
        let mut bytes = [0; 6];
        bytes[at] = 1;
        let text = text(bytes);
        assert!(text.len() == LENGTH && text.chars().all(|c| ALPHABET.contains(c)), "{text}");
        assert!(seen.insert(text), "byte {at} changes nothing");
    }
    let characters: HashSet<char> =
        (0..200).flat_map(|seed| sample(seed).chars().collect::<Vec<_>>()).collect();
    assert_eq!(characters.len(), ALPHABET.len());
}

#[test]
fn people_may_write_it_their_way() {
    for given in ["PJK369", "pjk369", " pjk 369\n", "ＰＪＫ３６９", "ｐｊｋ　３６９"] {
        assert!(same("PJK369", given), "{given}");
    }
    for given in ["", "PJK36", "PJK3699", "PJK368", "P-JK369"] {
        assert!(!same("PJK369", given), "{given}");
    }
}

#[test]
fn the_same_text_and_seed_give_the_same_picture() {
    assert_eq!(picture("PJK369", 1), picture("PJK369", 1));
    assert_ne!(picture("PJK369", 1), picture("PJK369", 2));
    assert_ne!(picture("PJK369", 1), picture("PJK36A", 1));
    assert_eq!(pixels(&picture("pjk369", 1)).len(), WIDTH * HEIGHT);
}

#[test]
fn ink_and_paper_contrast_at_least_as_required() {
    let luminance = |grey: u8| {
        let share = f64::from(grey) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    for seed in 0..100 {
        let mut greys = pixels(&picture(&sample(seed), seed));
        greys.sort_unstable();
        // The middle of the paper and of the ink: noise and edges left aside.
        let (ink, paper) = (greys[greys.len() / 20], greys[greys.len() * 3 / 4]);
        let contrast = (luminance(paper) + 0.05) / (luminance(ink) + 0.05);
        assert!(contrast >= 4.5, "seed {seed}: {ink} on {paper} is {contrast:.1} to 1");
    }
}

#[test]
fn letters_do_not_run_out_of_the_picture() {
    for seed in 0..300 {
        let pixels = pixels(&picture(&sample(seed), seed));
        let (top, bottom) = (&pixels[..WIDTH], &pixels[WIDTH * (HEIGHT - 1)..]);
        // A letter at the edge leaves a dark stretch there.
        let dark = top.iter().chain(bottom).filter(|grey| **grey < 110).count();
        assert!(dark <= 6, "seed {seed}: {dark} dark pixels at the upper and lower edge");
    }
}

#[test]
fn odd_texts_are_drawn_as_far_as_possible() {
    for text in ["", "0", "A", "日本", "WWWWWWWWWWWW"] {
        pixels(&picture(text, 7));
    }
}

/// Writes a sheet of samples: `CAPTCHA_SHEET=sheet.png cargo test -p honyaku-render -- --ignored`.
#[test]
#[ignore = "writes a file for a person to look at"]
fn samples() {
    const COLUMNS: usize = 3;
    const ROWS: usize = 10;
    let first: usize = std::env::var("CAPTCHA_FIRST").map_or(0, |first| first.parse().unwrap());
    let mut sheet = vec![0; COLUMNS * WIDTH * ROWS * HEIGHT];
    for at in 0..COLUMNS * ROWS {
        let seed = (first + at) as u64;
        let text = sample(seed);
        print!("{text}{}", if at % COLUMNS == COLUMNS - 1 { "\n" } else { " " });
        let corner = at / COLUMNS * HEIGHT * COLUMNS * WIDTH + at % COLUMNS * WIDTH;
        for (y, row) in pixels(&picture(&text, seed)).chunks(WIDTH).enumerate() {
            sheet[corner + y * COLUMNS * WIDTH..][..WIDTH].copy_from_slice(row);
        }
    }
    let file = std::fs::File::create(std::env::var("CAPTCHA_SHEET").unwrap()).unwrap();
    let mut encoder = png::Encoder::new(file, (COLUMNS * WIDTH) as u32, (ROWS * HEIGHT) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&sheet).unwrap();
}
