//! Repeatable numbers from a seed (SplitMix64). Not for secrets: the text comes from elsewhere.

pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The text is part of the seed, so that two texts with one seed do not share their shape.
    pub fn new(seed: u64, text: &str) -> Random {
        let mut random = Random { state: seed };
        for byte in text.bytes() {
            random.state ^= u64::from(byte);
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to `to`, any being as likely.
    pub fn between(&mut self, from: f32, to: f32) -> f32 {
        // 24 bits are what an f32 holds exactly.
        let share = (self.next() >> 40) as f32 / (1_u64 << 24) as f32;
        from + share * (to - from)
    }

    /// One of `choices`, which must not be empty.
    pub fn choice<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = self.next() % choices.len() as u64;
        &choices[at as usize]
    }

    /// `size`, up or down.
    pub fn sign(&mut self, size: f32) -> f32 {
        if self.next() & 1 == 0 { size } else { -size }
    }
}
