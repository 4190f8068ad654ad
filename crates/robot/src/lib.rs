//! stub
#![allow(missing_docs)]
pub mod instruction {
    #[derive(Clone, Copy)]
    pub enum Delay {
        After(i64),
        Never,
    }
    #[derive(Clone, Copy)]
    pub enum CallbackTrick {
        None,
        Twice,
        Late,
        Garbled,
    }
    impl CallbackTrick {
        pub fn code(self) -> &'static str {
            "none"
        }
    }
    #[derive(Default)]
    pub struct Instructions {
        pub take: Option<Delay>,
        pub submit: Option<Delay>,
        pub revise: Option<Delay>,
        pub comment: Option<String>,
        pub comment_after: Option<String>,
        pub text: Option<String>,
        pub flag: Option<String>,
        pub decline: bool,
        pub expire: bool,
        pub senior: bool,
        pub release: Option<Delay>,
        pub revisions: u32,
        pub error: Option<u16>,
        pub slow_s: u64,
        pub callback: Option<CallbackTrick>,
        pub unknown: Vec<String>,
    }
    pub fn parse(_: &str, _: &str) -> Instructions {
        Instructions::default()
    }
    pub fn lines(_: &str) -> Option<String> {
        None
    }
}
pub mod settings {
    use serde_json::{Map, Value};
    #[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize, Default)]
    pub enum Mode {
        #[default]
        Manual,
        Automatic,
    }
    #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize, Default)]
    pub enum Step {
        #[default]
        Never,
    }
    impl Step {
        pub fn delay_ms(&self, _: u64, _: bool, _: u64) -> Option<i64> {
            None
        }
        pub fn estimate_s(&self, _: u64, _: bool) -> Option<i64> {
            None
        }
    }
    #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize, Default)]
    #[serde(default)]
    pub struct Settings {
        pub mode: Mode,
        pub queue: Step,
        pub take: Step,
        pub submit: Step,
        pub revise: Step,
        pub answer: Step,
        pub seed: u64,
        #[serde(skip)]
        pub style: crate::style::Style,
    }
    pub struct SettingsFault {
        pub field: String,
        pub text: String,
    }
    impl Settings {
        pub fn apply(&self, _: &Map<String, Value>) -> Result<Settings, SettingsFault> {
            Ok(self.clone())
        }
        pub fn show(&self) -> Value {
            Value::Null
        }
    }
}
pub mod style {
    #[derive(Clone, Copy, PartialEq, Debug, Default)]
    pub enum Style {
        #[default]
        Marked,
    }
    pub fn translate(_: Style, s: &str, l: &str, _: &[(usize, usize)], _: &[(String, String)]) -> String {
        format!("[{l}] {s}")
    }
    pub fn with_version(t: &str, n: u32) -> String {
        format!("{t} (v{n})")
    }
}
