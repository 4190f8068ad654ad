//! When the robot does what: mode, presets, delays. Stored as JSON with the sandbox.
//! Source: sandbox 3.1, 3.2.

use crate::style::Style;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const DELAY_MOST_S: i64 = 30 * 24 * 3600;

/// Whether anything happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Buttons and API only.
    Manual,
    /// The robot works with its delays.
    Automatic,
}

/// How long a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is never done.
    Never,
    /// Seconds.
    Fixed(i64),
    /// Seconds from and to, evenly spread.
    Range(i64, i64),
    /// By length: 500 words or 1,000 characters an hour, give or take a fifth.
    ByUnits,
}

impl Step {
    /// The delay in milliseconds; `random` decides within a range.
    pub fn delay_ms(&self, units: u64, characters: bool, random: u64) -> Option<i64> {
        match *self {
            Self::Never => None,
            Self::Fixed(seconds) => Some(seconds * 1_000),
            Self::Range(from, to) => Some(from * 1_000 + within(random, (to - from) * 1_000)),
            Self::ByUnits => {
                let middle = by_units_ms(units, characters);
                Some(middle * 4 / 5 + within(random, middle * 2 / 5))
            }
        }
    }

    /// What an estimate says, in seconds.
    pub fn estimate_s(&self, units: u64, characters: bool) -> Option<i64> {
        match *self {
            Self::Never => None,
            Self::Fixed(seconds) => Some(seconds),
            Self::Range(from, to) => Some(from + (to - from) / 2),
            Self::ByUnits => Some(by_units_ms(units, characters) / 1_000),
        }
    }

    fn show(&self) -> Value {
        match self {
            Self::Never => json!("never"),
            Self::Fixed(seconds) => json!(seconds),
            Self::Range(from, to) => json!([from, to]),
            Self::ByUnits => json!("by_units"),
        }
    }
}

fn by_units_ms(units: u64, characters: bool) -> i64 {
    let per_hour = if characters { 1_000 } else { 500 };
    i64::try_from(units.saturating_mul(3_600_000) / per_hour)
        .unwrap_or(i64::MAX / 8)
        .min(DELAY_MOST_S * 1_000)
}

fn within(random: u64, width: i64) -> i64 {
    let width = width.unsigned_abs().saturating_add(1);
    i64::try_from(random % width).unwrap_or(0)
}

/// A named set of delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Nothing happens by itself.
    Manual,
    /// At once.
    Instant,
    /// Seconds.
    Fast,
    /// Half a minute a step.
    Gentle,
    /// As people work.
    Realistic,
    /// Delays of one's own.
    Custom,
}

impl Preset {
    const ALL: [Self; 6] =
        [Self::Manual, Self::Instant, Self::Fast, Self::Gentle, Self::Realistic, Self::Custom];

    fn code(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Instant => "instant",
            Self::Fast => "fast",
            Self::Gentle => "gentle",
            Self::Realistic => "realistic",
            Self::Custom => "custom",
        }
    }
}

/// The robot's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether anything happens by itself.
    pub mode: Mode,
    /// Which preset filled the delays.
    pub preset: Preset,
    /// From the order to the board.
    pub queue: Step,
    /// From the board to the translator.
    pub take: Step,
    /// From taking to handing in.
    pub submit: Step,
    /// From the request for corrections to handing in.
    pub revise: Step,
    /// From a customer's comment to the answer.
    pub answer: Step,
    /// What it writes.
    pub style: Style,
    /// Where random delays come from.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let fixed = Step::Fixed(0);
        let blank = Self {
            mode: Mode::Automatic,
            preset: Preset::Gentle,
            queue: fixed,
            take: fixed,
            submit: fixed,
            revise: fixed,
            answer: fixed,
            style: Style::Marked,
            seed: 1,
        };
        blank.with(Preset::Gentle)
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SettingsFault {
    /// The member.
    pub field: String,
    /// What came and what to send.
    pub text: String,
}

impl Settings {
    /// The delays of a preset.
    fn with(self, preset: Preset) -> Self {
        use Step::{ByUnits, Fixed, Never, Range};
        let (queue, take, submit, revise, answer) = match preset {
            Preset::Custom => return Self { preset, ..self },
            Preset::Manual => (Fixed(0), Never, Never, Never, Never),
            Preset::Instant => (Fixed(0), Fixed(0), Fixed(0), Fixed(0), Never),
            Preset::Fast => (Fixed(1), Fixed(3), Fixed(5), Fixed(5), Fixed(3)),
            Preset::Gentle => (Fixed(1), Fixed(30), Fixed(30), Fixed(30), Fixed(20)),
            Preset::Realistic => {
                (Fixed(2), Range(600, 2_400), ByUnits, Range(3_600, 21_600), Range(300, 3_600))
            }
        };
        Self { preset, queue, take, submit, revise, answer, ..self }
    }

    /// The settings after these changes; unknown members are ignored.
    pub fn apply(&self, changes: &Map<String, Value>) -> Result<Self, SettingsFault> {
        let mut next = self.clone();
        if let Some(value) = changes.get("preset") {
            let known =
                text(value).and_then(|text| Preset::ALL.into_iter().find(|preset| preset.code() == text));
            let preset = known.ok_or_else(|| {
                fault("preset", value, "send manual, instant, fast, gentle, realistic or custom")
            })?;
            next = next.with(preset);
        }
        if let Some(value) = changes.get("mode") {
            next = match text(value).as_deref() {
                Some("off" | "manual") => Self { mode: Mode::Manual, ..next },
                Some("automatic") => Self { mode: Mode::Automatic, ..next },
                Some("instant") => Self { mode: Mode::Automatic, ..next }.with(Preset::Instant),
                _ => return Err(fault("mode", value, "send off, manual, automatic or instant")),
            };
        }
        for (name, slot) in [
            ("queue", &mut next.queue),
            ("take", &mut next.take),
            ("submit", &mut next.submit),
            ("revise", &mut next.revise),
            ("answer", &mut next.answer),
        ] {
            if let Some(value) = changes.get(name) {
                *slot = step(name, value)?;
                next.preset = Preset::Custom;
            }
        }
        if let Some(value) = changes.get("style") {
            let style = text(value).and_then(|text| Style::parse(&text));
            next.style = style.ok_or_else(|| {
                fault("style", value, "send marked, accented, echo, shuffled, sample or machine")
            })?;
        }
        if let Some(value) = changes.get("seed") {
            next.seed = text(value)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| fault("seed", value, "send a whole number"))?;
        }
        Ok(next)
    }

    /// The settings as the API shows them.
    pub fn show(&self) -> Value {
        json!({
            "mode": match self.mode { Mode::Manual => "manual", Mode::Automatic => "automatic" },
            "preset": self.preset.code(),
            "queue": self.queue.show(),
            "take": self.take.show(),
            "submit": self.submit.show(),
            "revise": self.revise.show(),
            "answer": self.answer.show(),
            "style": self.style.code(),
            "seed": self.seed,
        })
    }
}

/// A value's text, in small letters.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_ascii_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn fault(field: &str, value: &Value, how: &str) -> SettingsFault {
    let shown: String = value.to_string().chars().take(80).collect();
    SettingsFault { field: field.to_owned(), text: format!("{field} {shown}: {how}") }
}

fn step(name: &str, value: &Value) -> Result<Step, SettingsFault> {
    let wrong = || fault(name, value, "send seconds from 0 to 2592000, [from, to], by_units or never");
    let seconds = |value: &Value| {
        let number: i64 = text(value)?.parse().ok()?;
        (0..=DELAY_MOST_S).contains(&number).then_some(number)
    };
    match value {
        Value::String(text) if text.eq_ignore_ascii_case("never") => Ok(Step::Never),
        Value::String(text) if text.eq_ignore_ascii_case("by_units") => Ok(Step::ByUnits),
        Value::Array(pair) => match pair.as_slice() {
            [from, to] => match (seconds(from), seconds(to)) {
                (Some(from), Some(to)) if from <= to => Ok(Step::Range(from, to)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        },
        value => seconds(value).map(Step::Fixed).ok_or_else(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: Value) -> Result<Settings, SettingsFault> {
        match changes {
            Value::Object(changes) => Settings::default().apply(&changes),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_empty_store_is_the_gentle_robot() {
        let read: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(read, Settings::default());
        assert_eq!(read.take, Step::Fixed(30));
        let again: Settings = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn the_short_forms_work() {
        assert_eq!(changed(json!({"mode": "off"})).unwrap().mode, Mode::Manual);
        let instant = changed(json!({"mode": "instant"})).unwrap();
        assert_eq!(
            (instant.mode, instant.take, instant.answer),
            (Mode::Automatic, Step::Fixed(0), Step::Never)
        );
    }

    #[test]
    fn delays_are_read_and_bounded() {
        assert_eq!(changed(json!({"take": "5", "submit": [1, 9]})).unwrap().submit, Step::Range(1, 9));
        for wrong in [
            json!({"take": -1}),
            json!({"take": 2592001}),
            json!({"take": [9, 1]}),
            json!({"style": "poetic"}),
            json!({"mode": "x"}),
        ] {
            assert!(changed(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn delays_stay_in_their_range() {
        for random in [0, 1, 77, u64::MAX] {
            let ms = Step::Range(2, 4).delay_ms(0, false, random).unwrap();
            assert!((2_000..=4_000).contains(&ms));
            let ms = Step::ByUnits.delay_ms(500, false, random).unwrap();
            assert!((2_880_000..=4_320_000).contains(&ms));
        }
    }
}
