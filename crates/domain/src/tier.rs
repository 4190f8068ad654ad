//! Tiers: how good, and by whom. Contract: api-v2 4.3.

use std::fmt;

/// A quality level that can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A machine engine; free.
    Machine,
    /// A translator who passed the standard test.
    Standard,
    /// A translator who passed the pro test.
    Pro,
    /// A pro translator and a second person who edits.
    Ultra,
}

impl Tier {
    /// Every tier, cheapest first.
    pub const ALL: [Self; 4] = [Self::Machine, Self::Standard, Self::Pro, Self::Ultra];

    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Standard => "standard",
            Self::Pro => "pro",
            Self::Ultra => "ultra",
        }
    }

    /// Reads a tier as clients write it: in any case, `ultra_pro` for `ultra`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        match lower.as_str() {
            "ultra_pro" => Some(Self::Ultra),
            _ => Self::ALL.into_iter().find(|tier| tier.code() == lower),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_read_in_any_case() {
        let cases = [
            ("standard", Tier::Standard),
            ("PRO", Tier::Pro),
            ("Ultra_Pro", Tier::Ultra),
            ("ultra", Tier::Ultra),
        ];
        for (text, tier) in cases {
            assert_eq!(Tier::parse(text), Some(tier));
        }
        assert_eq!(Tier::parse("nonprofit"), None);
    }
}
