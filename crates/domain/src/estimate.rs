//! How long things take: estimates for customers, time allowed for translators, the
//! customer's review period. Source: engines D and J, translator-platform 5.9.

use crate::language::UnitType;
use crate::tier::Tier;

/// Added to every estimate, in seconds.
const MARGIN_S: i64 = 900;

/// The step of work that time is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The translation.
    Translate,
    /// The second person's edit.
    Edit,
}

/// Who may take a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Every qualified translator.
    Everyone,
    /// The customer's preferred translators only, who are fewer: it waits three times as long.
    Preferred,
}

/// Seconds from order to delivery, for jobs of one pair done in one go.
pub fn eta_s(tier: Tier, unit: UnitType, units: u64) -> i64 {
    eta_from_s(Pool::Everyone, tier, unit, units)
}

/// As `eta_s`, for a job that waits for translators of this pool.
pub fn eta_from_s(pool: Pool, tier: Tier, unit: UnitType, units: u64) -> i64 {
    let pickup = match tier {
        Tier::Machine => return 0,
        Tier::Standard => 7_200,
        Tier::Pro => 14_400,
        Tier::Ultra => 28_800,
    };
    let waits = match pool {
        Pool::Everyone => 1,
        Pool::Preferred => 3,
    };
    pickup * waits + work_s(tier, unit, units) + MARGIN_S
}

/// Seconds of work, rounded up.
pub fn work_s(tier: Tier, unit: UnitType, units: u64) -> i64 {
    let words_per_hour: u64 = match tier {
        Tier::Machine => return 0,
        Tier::Standard => 500,
        Tier::Pro => 400,
        Tier::Ultra => 300,
    };
    seconds(units.saturating_mul(3_600).div_ceil(per_hour(words_per_hour, unit)))
}

/// Characters go twice as fast as words.
fn per_hour(words: u64, unit: UnitType) -> u64 {
    match unit {
        UnitType::Word => words,
        UnitType::Character => words * 2,
    }
}

fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

const QUARTER_S: u64 = 15 * 60;
const WORKDAY_S: u64 = 8 * 3_600;
const REST_S: u64 = 16 * 3_600;

/// Seconds a translator or editor is given: half an hour and the work, at least an hour,
/// in quarters, with a night's rest after each eight full hours.
pub fn time_allowed_s(step: Step, tier: Tier, unit: UnitType, units: u64) -> i64 {
    let words_per_hour = match (step, tier) {
        (Step::Edit, _) => 500,
        (Step::Translate, Tier::Machine | Tier::Standard) => 250,
        (Step::Translate, Tier::Pro | Tier::Ultra) => 200,
    };
    let work = units.saturating_mul(3_600).div_ceil(per_hour(words_per_hour, unit)).saturating_add(1_800);
    let quarters = work.max(3_600).div_ceil(QUARTER_S).saturating_mul(QUARTER_S);
    seconds(quarters.saturating_add((quarters / WORKDAY_S).saturating_mul(REST_S)))
}

const REVIEW_DEFAULT_H: u32 = 120;
const DAY_S: u64 = 24 * 3_600;

/// Seconds until a delivered job approves itself: the account's period, or a day for each
/// started 1,000 words or 2,000 characters if that is longer.
pub fn review_period_s(account_hours: Option<u32>, unit: UnitType, units: u64) -> i64 {
    let own = u64::from(account_hours.unwrap_or(REVIEW_DEFAULT_H)).saturating_mul(3_600);
    let by_length = units.div_ceil(per_hour(1_000, unit)).saturating_mul(DAY_S);
    seconds(own.max(by_length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitType::{Character, Word};

    #[test]
    fn estimates_of_the_specification() {
        let rows = [
            (1, [8_108, 15_309, 29_712], [8_104, 15_305, 29_706]),
            (6, [8_144, 15_354, 29_772], [8_122, 15_327, 29_736]),
            (250, [9_900, 17_550, 32_700], [9_000, 16_425, 31_200]),
            (500, [11_700, 19_800, 35_700], [9_900, 17_550, 32_700]),
            (2_000, [22_500, 33_300, 53_700], [15_300, 24_300, 41_700]),
        ];
        for (units, words, characters) in rows {
            for (index, tier) in [Tier::Standard, Tier::Pro, Tier::Ultra].into_iter().enumerate() {
                assert_eq!(eta_s(tier, Word, units), words[index], "{units} words {tier}");
                assert_eq!(eta_s(tier, Character, units), characters[index], "{units} characters {tier}");
            }
        }
    }

    #[test]
    fn preferred_translators_are_waited_for_three_times_as_long() {
        let waits = |pool| eta_from_s(pool, Tier::Standard, Word, 250);
        assert_eq!(waits(Pool::Preferred) - waits(Pool::Everyone), 2 * 7_200);
        assert_eq!(eta_from_s(Pool::Preferred, Tier::Machine, Word, 250), 0);
    }

    #[test]
    fn time_allowed_of_the_specification() {
        let units = [100, 250, 500, 1_000, 2_000, 3_000, 5_000, 10_000];
        let rows = [
            (Step::Translate, Tier::Standard, Word, [60, 90, 150, 270, 1470, 1710, 3150, 7230]),
            (Step::Translate, Tier::Pro, Word, [60, 105, 180, 330, 1590, 1890, 4410, 8790]),
            (Step::Edit, Tier::Ultra, Word, [60, 60, 90, 150, 270, 390, 1590, 3150]),
            (Step::Translate, Tier::Standard, Character, [60, 60, 90, 150, 270, 390, 1590, 3150]),
            (Step::Translate, Tier::Pro, Character, [60, 75, 105, 180, 330, 1440, 1740, 4410]),
            (Step::Edit, Tier::Ultra, Character, [60, 60, 60, 90, 150, 210, 330, 1590]),
        ];
        for (step, tier, unit, minutes) in rows {
            for (units, minutes) in units.into_iter().zip(minutes) {
                assert_eq!(
                    time_allowed_s(step, tier, unit, units),
                    minutes * 60,
                    "{step:?} {tier} {unit:?} {units}"
                );
            }
        }
    }

    #[test]
    fn review_periods_of_the_specification() {
        assert_eq!(review_period_s(None, Word, 223), 120 * 3_600);
        assert_eq!(review_period_s(None, Word, 6_001), 168 * 3_600);
        assert_eq!(review_period_s(None, Character, 12_000), 144 * 3_600);
        assert_eq!(review_period_s(Some(72), Word, 10), 72 * 3_600);
    }
}
