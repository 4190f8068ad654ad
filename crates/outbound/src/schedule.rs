//! When a delivery is tried again, and how long a failing destination rests.
//!
//! Pure: the caller brings the count, the chance and the clock, and keeps the
//! state. Two rules that do not know each other: a delivery has a fixed list of
//! attempts counted from its event, and a destination has a row of failures that
//! may hold all its deliveries back.

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Attempts of the v2 profile: 0, 1, 5, 15, 30, 45 … 720 minutes after the event.
pub const ATTEMPTS: u32 = 51;

/// Attempts of the legacy profile: an hour apart.
pub const LEGACY_ATTEMPTS: u32 = 3;

/// The least time from one attempt of a delivery to the next.
pub const SHORTEST_GAP_MS: i64 = MINUTE_MS * 9 / 10;

/// Failures in a row after which a destination rests between its attempts, which are one at a time.
pub const PROBE_AFTER_FAILURES: u32 = 10;

/// The longest rest of a failing destination.
pub const LONGEST_PAUSE_MS: i64 = 15 * MINUTE_MS;

/// A destination that has failed for so long is paused until its owner resumes it.
pub const DEAD_AFTER_MS: i64 = 5 * DAY_MS;

const FIRST_PAUSE_MS: i64 = 5_000;

/// How far an attempt strays to either side, as a part of the gap before it.
const JITTER: f64 = 0.1;

/// The next attempt of a delivery, in milliseconds since its event; `None` when
/// all attempts are used up.
///
/// `attempt_made` counts the attempts so far: 0 gives the first. `random` is a
/// fresh number in 0..1. After our own server stood still, attempts may lie in
/// the past; the caller then waits [`SHORTEST_GAP_MS`] from the last attempt, lest
/// a delivery uses up all its attempts in one burst.
pub fn next(attempt_made: u32, random: f64) -> Option<i64> {
    (attempt_made < ATTEMPTS).then(|| stray(standard_minute, attempt_made, random))
}

/// As [`next`], for deliveries of the legacy profile.
pub fn next_legacy(attempt_made: u32, random: f64) -> Option<i64> {
    (attempt_made < LEGACY_ATTEMPTS).then(|| stray(legacy_minute, attempt_made, random))
}

/// The minute of the attempt after `attempt_made` others.
fn standard_minute(attempt_made: u32) -> i64 {
    match attempt_made {
        0 => 0,
        1 => 1,
        2 => 5,
        later => 15 * (i64::from(later) - 2),
    }
}

fn legacy_minute(attempt_made: u32) -> i64 {
    60 * i64::from(attempt_made)
}

fn stray(minute: fn(u32) -> i64, attempt_made: u32, random: f64) -> i64 {
    let due_ms = minute(attempt_made) * MINUTE_MS;
    let gap_ms = match attempt_made.checked_sub(1) {
        None => 0,
        Some(previous) => due_ms - minute(previous) * MINUTE_MS,
    };
    let side = random.clamp(0.0, 1.0) * 2.0 - 1.0;
    due_ms + (gap_ms as f64 * JITTER * side) as i64
}

/// How long a destination rests after so many failures in a row. 0 below
/// [`PROBE_AFTER_FAILURES`]; from there one probe at a time, 5 s after the tenth
/// failure and twice as long after each further one, at most 15 minutes.
pub fn pause_ms(failures: u32) -> i64 {
    match failures.checked_sub(PROBE_AFTER_FAILURES) {
        None => 0,
        Some(probes) => {
            // 2^8 first pauses are more than the longest one already.
            let doubled = FIRST_PAUSE_MS << probes.min(8);
            doubled.min(LONGEST_PAUSE_MS)
        }
    }
}

/// Whether a destination rests between its attempts.
fn is_resting(failures: u32) -> bool {
    failures >= PROBE_AFTER_FAILURES
}

/// Whether a destination is dead and to be paused: it has failed for five days
/// without one success, and often enough for that to mean something.
/// `failing_since_ms` is the time of the first failure of the row.
pub fn is_dead(failures: u32, failing_since_ms: i64, now_ms: i64) -> bool {
    is_resting(failures) && now_ms.saturating_sub(failing_since_ms) >= DEAD_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chance that lands in the middle: no jitter.
    const EXACT: f64 = 0.5;

    #[test]
    fn attempts_are_at_the_minutes_of_the_contract() {
        let minutes: Vec<i64> = (0..).map_while(|made| next(made, EXACT)).map(|ms| ms / MINUTE_MS).collect();
        assert_eq!(minutes.len(), 51);
        assert_eq!(minutes[..6], [0, 1, 5, 15, 30, 45]);
        assert_eq!(minutes[50], 720);
        assert!(minutes[3..].windows(2).all(|pair| pair[1] - pair[0] == 15));
        assert_eq!(next(u32::MAX, EXACT), None);
    }

    #[test]
    fn a_legacy_delivery_has_three_attempts_an_hour_apart() {
        let minutes: Vec<i64> =
            (0..).map_while(|made| next_legacy(made, EXACT)).map(|ms| ms / MINUTE_MS).collect();
        assert_eq!(minutes, [0, 60, 120]);
    }

    #[test]
    fn chance_moves_an_attempt_by_a_tenth_of_its_gap_at_most() {
        // attempts made, earliest, latest in seconds after the event
        let cases = [(0, 0, 0), (1, 54, 66), (2, 276, 324), (3, 840, 960), (50, 43_110, 43_290)];
        for (made, earliest_s, latest_s) in cases {
            assert_eq!(next(made, 0.0), Some(earliest_s * 1000), "{made}");
            assert_eq!(next(made, 1.0), Some(latest_s * 1000), "{made}");
            assert_eq!(next(made, 7.0), Some(latest_s * 1000), "{made}: nonsense stays in bounds");
        }
    }

    #[test]
    fn attempts_keep_their_distance() {
        for made in 1..ATTEMPTS {
            let closest = next(made, 0.0).unwrap() - next(made - 1, 1.0).unwrap();
            assert!(closest >= SHORTEST_GAP_MS, "{made}: {closest} ms");
        }
    }

    #[test]
    fn pauses_begin_at_the_tenth_failure_and_grow_to_a_quarter_of_an_hour() {
        let cases = [
            (0, 0),
            (9, 0),
            (10, 5_000),
            (11, 10_000),
            (12, 20_000),
            (17, 640_000),
            (18, 900_000),
            (19, 900_000),
            (u32::MAX, 900_000),
        ];
        for (failures, pause) in cases {
            assert_eq!(pause_ms(failures), pause, "{failures}");
            assert_eq!(is_resting(failures), pause > 0, "{failures}");
        }
    }

    #[test]
    fn a_destination_is_dead_after_five_days_of_failures() {
        assert!(!is_dead(500, 0, 5 * DAY_MS - 1));
        assert!(is_dead(500, 0, 5 * DAY_MS));
        assert!(!is_dead(2, 0, 9 * DAY_MS), "two failures with nothing between them prove little");
        assert!(!is_dead(500, 1_000, 0), "a clock that went back kills nobody");
    }
}
