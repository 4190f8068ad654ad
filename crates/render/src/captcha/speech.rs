//! Speaks the characters of a captcha, for those who cannot see the picture.
//!
//! There is a recording of each character in each language (`assets/captcha`). They are put one
//! behind the other; speed, level and pauses vary, and a low noise lies over all.

use super::{ALPHABET, random::Random};

/// What the characters are spoken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// "C, Charlie", "number seven".
    English,
    /// 「チャイナの、シー」「数字の、なな」.
    Japanese,
}

const SAMPLES_PER_SECOND: u32 = 8_000;
/// Before a character: with its clip of about a second, time enough to write it down.
const PAUSE_S: (f32, f32) = (0.4, 0.7);
/// How fast a clip is played, which also makes the voice higher or lower.
const SPEED: (f32, f32) = (0.94, 1.06);
const LEVEL: (f32, f32) = (0.7, 1.0);
/// About 20 dB below the voice.
const NOISE: f32 = 0.02;

/// The characters of a text spoken, as a WAV file: 8 kHz, mono, 16 bits. A character outside the
/// alphabet is left out.
pub fn speech(text: &str, seed: u64, language: Language) -> Vec<u8> {
    let mut random = Random::new(seed, text);
    let mut sound = Vec::new();
    for clip in text.chars().filter_map(|c| clip(language, c.to_ascii_uppercase())) {
        pause(&mut sound, &mut random);
        play(clip, &mut sound, &mut random);
    }
    pause(&mut sound, &mut random);
    for sample in &mut sound {
        *sample += random.between(-NOISE, NOISE);
    }
    wav(&sound)
}

/// The recording of a character of the alphabet.
pub(super) fn clip(language: Language, character: char) -> Option<&'static [u8]> {
    let mut file: &[u8] = match language {
        Language::English => include_bytes!("../../assets/captcha/en.clips"),
        Language::Japanese => include_bytes!("../../assets/captcha/ja.clips"),
    };
    let clips = std::iter::from_fn(|| {
        let (length, rest) = file.split_first_chunk::<4>()?;
        let (clip, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        file = rest;
        Some(clip)
    });
    ALPHABET.chars().zip(clips).find(|(known, _)| *known == character).map(|(_, clip)| clip)
}

fn pause(sound: &mut Vec<f32>, random: &mut Random) {
    let samples = random.between(PAUSE_S.0, PAUSE_S.1) * SAMPLES_PER_SECOND as f32;
    sound.resize(sound.len() + samples as usize, 0.0);
}

fn play(clip: &[u8], sound: &mut Vec<f32>, random: &mut Random) {
    let (speed, level) = (random.between(SPEED.0, SPEED.1), random.between(LEVEL.0, LEVEL.1));
    let samples = (clip.len().saturating_sub(1) as f32 / speed) as usize;
    sound.extend((0..samples).map(|sample| {
        let place = sample as f32 * speed;
        let (before, share) = (place as usize, place.fract());
        let after = (before + 1).min(clip.len() - 1);
        level * (linear(clip[before]) * (1.0 - share) + linear(clip[after]) * share)
    }));
}

/// A sample of µ-law (G.711) as a part of the greatest level.
pub(super) fn linear(sample: u8) -> f32 {
    const BIAS: i32 = 0x84;
    let bits = !sample;
    let size = (((i32::from(bits & 0x0f) << 3) + BIAS) << ((bits >> 4) & 0x07)) - BIAS;
    size as f32 / if bits & 0x80 == 0 { 32_768.0 } else { -32_768.0 }
}

fn wav(sound: &[f32]) -> Vec<u8> {
    const PCM: u16 = 1;
    const CHANNELS: u16 = 1;
    const SAMPLE_BYTES: u16 = 2;
    /// What stands between the length of the whole and the samples.
    const HEAD_BYTES: u32 = 36;
    let length = sound.len() as u32 * u32::from(SAMPLE_BYTES);
    let mut file = Vec::with_capacity(8 + (HEAD_BYTES + length) as usize);
    file.extend(b"RIFF");
    file.extend((HEAD_BYTES + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(PCM.to_le_bytes());
    file.extend(CHANNELS.to_le_bytes());
    file.extend(SAMPLES_PER_SECOND.to_le_bytes());
    file.extend((SAMPLES_PER_SECOND * u32::from(SAMPLE_BYTES)).to_le_bytes());
    file.extend(SAMPLE_BYTES.to_le_bytes());
    file.extend((8 * SAMPLE_BYTES).to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    for sample in sound {
        // The conversion of a float cuts off above and below what there is.
        file.extend(((sample * 32_768.0) as i16).to_le_bytes());
    }
    file
}
