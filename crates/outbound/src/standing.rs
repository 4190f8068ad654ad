//! What a destination's last callback says of it, and how much room it gets.
//!
//! 256 callbacks may be under way at once. If they were one heap, a few dozen receivers that take
//! their time would hold all of them, and whoever answers at once would wait. So each standing has
//! its own part. Contract: api-v2 8, isolation.

use crate::Outcome;

/// Milliseconds within which a receiver answers that counts as prompt.
const PROMPT_MS: u64 = 1_000;

/// How a destination stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing was sent there yet.
    New,
    /// The last callback failed.
    Failing,
    /// It took the last callback, after a while.
    Slow,
    /// It took the last callback at once.
    Prompt,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Prompt, Self::New, Self::Slow, Self::Failing];

    /// After an attempt.
    pub fn after(outcome: &Outcome) -> Self {
        match outcome.delivered() {
            false => Self::Failing,
            true if outcome.took_ms < PROMPT_MS => Self::Prompt,
            true => Self::Slow,
        }
    }

    /// The word for the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Failing => "failing",
            Self::Slow => "slow",
            Self::Prompt => "prompt",
        }
    }

    /// How many callbacks are under way at once, to all destinations that stand like this. 256 in all.
    pub fn slots(self) -> usize {
        match self {
            Self::Prompt => 80,
            Self::New => 48,
            Self::Slow | Self::Failing => 64,
        }
    }

    /// How many of them go to one destination: four, but one that has yet to prove itself is probed.
    pub fn width(self) -> usize {
        match self {
            Self::Prompt | Self::Slow => 4,
            Self::New | Self::Failing => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ending;

    fn answered(status: u16, took_ms: u64) -> Outcome {
        Outcome {
            result: Ending::Answered { status },
            took_ms,
            answer: Vec::new(),
            answer_headers: Vec::new(),
        }
    }

    #[test]
    fn the_last_answer_decides() {
        for (outcome, standing) in [
            (answered(204, 3), Standing::Prompt),
            (answered(200, 999), Standing::Prompt),
            (answered(200, 1_000), Standing::Slow),
            (answered(500, 3), Standing::Failing),
            (answered(302, 3), Standing::Failing),
        ] {
            assert_eq!(Standing::after(&outcome), standing, "{outcome:?}");
        }
    }

    #[test]
    fn there_are_as_many_slots_as_the_contract_says() {
        assert_eq!(Standing::ALL.iter().map(|standing| standing.slots()).sum::<usize>(), 256);
        assert!(Standing::ALL.iter().all(|standing| standing.slots() % standing.width() == 0));
    }
}
