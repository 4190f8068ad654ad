use std::collections::HashSet;

use super::{
    ALPHABET,
    speech::{Language, clip, linear, speech},
};

const LANGUAGES: [Language; 2] = [Language::English, Language::Japanese];
const HZ: usize = 8_000;

/// The samples of a WAV file, from -1 to 1; fails if the header says something else than what
/// every player takes.
fn samples(file: &[u8]) -> Vec<f32> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&file[..4], number(4)), (&b"RIFF"[..], file.len() - 8));
    assert_eq!((&file[8..16], number(16)), (&b"WAVEfmt "[..], 16));
    assert_eq!(number(20), 1 << 16 | 1, "plain samples, one channel");
    assert_eq!((number(24), number(28)), (HZ, 2 * HZ), "samples and bytes a second");
    assert_eq!(number(32), 16 << 16 | 2, "two bytes and 16 bits a sample");
    assert_eq!((&file[36..40], number(40)), (&b"data"[..], file.len() - 44));
    let sample = |bytes: &[u8]| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0;
    file[44..].chunks(2).map(sample).collect()
}

fn loudness(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
}

/// The stretches between pauses of more than a third of a second.
fn utterances(samples: &[f32]) -> Vec<std::ops::Range<usize>> {
    const LOUD: f32 = 0.02;
    const STEP: usize = HZ / 100;
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, step) in samples.chunks(STEP).enumerate().filter(|(_, step)| loudness(step) > LOUD) {
        let step = at * STEP..at * STEP + step.len();
        match found.last_mut() {
            Some(last) if step.start - last.end < HZ * 7 / 20 => last.end = step.end,
            _ => found.push(step),
        }
    }
    found
}

#[test]
fn every_character_has_a_clip_of_its_own_in_each_language() {
    let files = [
        &include_bytes!("../../assets/captcha/en.clips")[..],
        include_bytes!("../../assets/captcha/ja.clips"),
    ];
    let mut seen = HashSet::new();
    for (language, file) in LANGUAGES.into_iter().zip(files) {
        let mut bytes = 0;
        for c in ALPHABET.chars() {
            let clip = clip(language, c).unwrap_or_else(|| panic!("{language:?} {c}"));
            let heard: Vec<f32> = clip.iter().map(|sample| linear(*sample)).collect();
            let seconds = heard.len() as f32 / HZ as f32;
            assert!((0.6..1.7).contains(&seconds), "{language:?} {c}: {seconds} s");
            let peak = heard.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.3..0.9).contains(&peak), "{language:?} {c}: reaches {peak}");
            let loudness = loudness(&heard);
            assert!((0.105..0.115).contains(&loudness), "{language:?} {c}: {loudness}, unlike the others");
            assert!(heard[0].abs().max(heard[heard.len() - 1].abs()) < 0.02, "{language:?} {c}: clicks");
            assert!(seen.insert(clip), "{language:?} {c} sounds like another one");
            bytes += 4 + clip.len();
        }
        assert_eq!(bytes, file.len(), "{language:?}: there are more clips than characters");
        for other in "BILOSZ01258a".chars() {
            assert_eq!(clip(language, other), None, "{other}");
        }
    }
}

#[test]
fn a_text_is_spoken_character_by_character_with_time_to_write() {
    for (language, text) in
        LANGUAGES.into_iter().flat_map(|language| ["PJK369", "ACDEFG", "XWNTRY"].map(|text| (language, text)))
    {
        for seed in 0..6 {
            let sound = samples(&speech(text, seed, language));
            let spoken = utterances(&sound);
            assert_eq!(spoken.len(), text.len(), "{language:?} {text} {seed}: {spoken:?}");
            let pauses: Vec<usize> = spoken.windows(2).map(|pair| pair[1].start - pair[0].end).collect();
            assert!(
                pauses.iter().all(|pause| (HZ * 2 / 5..HZ).contains(pause)),
                "{language:?} {text} {seed}: {pauses:?}"
            );
            let noise = loudness(&sound[..spoken[0].start - HZ / 10]);
            let quietest = spoken.iter().map(|heard| loudness(&sound[heard.clone()])).fold(1.0, f32::min);
            assert!(
                noise > 0.005 && quietest / noise > 4.0,
                "{language:?} {text} {seed}: {quietest} over {noise}"
            );
        }
    }
}

#[test]
fn characters_are_spoken_in_their_order() {
    // The longest and the shortest names of each language.
    for (language, text) in [(Language::English, "WEEWEW"), (Language::Japanese, "XPPXPX")] {
        let recorded = |c| clip(language, c).unwrap().len();
        let longest = text.chars().map(recorded).max().unwrap();
        let sound = samples(&speech(text, 3, language));
        let heard: Vec<bool> = utterances(&sound).iter().map(|heard| heard.len() > longest * 4 / 5).collect();
        let expected: Vec<bool> = text.chars().map(|c| recorded(c) == longest).collect();
        assert_eq!(heard, expected, "{text}: which ones are long");
    }
}

#[test]
fn the_same_text_seed_and_language_give_the_same_sound() {
    let spoken = |text, seed| speech(text, seed, Language::English);
    assert_eq!(spoken("PJK369", 1), spoken("PJK369", 1));
    assert_ne!(spoken("PJK369", 1), spoken("PJK369", 2));
    assert_ne!(spoken("PJK369", 1), spoken("PJK36A", 1));
    assert_ne!(spoken("PJK369", 1), speech("PJK369", 1, Language::Japanese));
}

#[test]
fn odd_texts_are_spoken_as_far_as_possible() {
    for (text, characters) in [("", 0), ("0", 0), ("日本", 0), ("a", 1), ("A1C", 2)] {
        let sound = samples(&speech(text, 7, Language::English));
        assert_eq!(utterances(&sound).len(), characters, "{text:?}");
    }
}

#[test]
fn samples_are_read_as_the_standard_has_them() {
    // The ends of the scale and its middle, and one step of each of two segments.
    let known =
        [(0x00, -32_124), (0x7f, 0), (0xff, 0), (0x80, 32_124), (0xf0, 120), (0xef, 132), (0x8f, 16_764)];
    for (coded, size) in known {
        assert_eq!(linear(coded) * 32_768.0, size as f32, "{coded:#x}");
    }
}

/// Writes samples: `CAPTCHA_SPEECH=directory cargo test -p honyaku-render -- --ignored spoken`.
#[test]
#[ignore = "writes files for a person to hear"]
fn spoken_samples() {
    let directory = std::path::PathBuf::from(std::env::var("CAPTCHA_SPEECH").unwrap());
    for (language, name) in LANGUAGES.into_iter().zip(["en", "ja"]) {
        for (seed, text) in ALPHABET.as_bytes().chunks(5).enumerate() {
            let text = str::from_utf8(text).unwrap();
            std::fs::write(directory.join(format!("{name}-{text}.wav")), speech(text, seed as u64, language))
                .unwrap();
        }
    }
}
