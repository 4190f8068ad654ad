//! Settings: flags beat environment variables, which beat the file, which beats defaults.

mod settings;

use settings::{Kind, NEEDS, number_in, switch_in};
pub use settings::{SETTINGS, find, flag, is_mistaken, variable};

use clap::ArgMatches;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
    /// What `honyaku demo` presets.
    Demo,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Demo => write!(f, "demo"),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or is no TOML.
    #[error("{}: {text}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// A value that is not of the setting's kind.
    #[error("{name} is {value:?} (from {origin}): {expected}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What came.
        value: String,
        /// From where.
        origin: Origin,
        /// What to write instead.
        expected: &'static str,
    },
}

/// The effective settings.
#[derive(Clone, Debug)]
pub struct Config {
    values: BTreeMap<&'static str, (String, Origin)>,
}

impl Config {
    /// Puts the sources together and checks that each value is of its setting's kind. `presets`
    /// stand between the file and the defaults.
    pub fn gather(
        matches: &ArgMatches,
        variables: impl Fn(&str) -> Option<String>,
        presets: &[(&'static str, &str)],
    ) -> Result<Self, ConfigError> {
        let path = matches.get_one::<String>("config").cloned().or_else(|| variables("HONYAKU_CONFIG"));
        let path = path.filter(|path| !path.is_empty());
        let from_file = match &path {
            Some(path) => read_file(Path::new(path))?,
            None => BTreeMap::new(),
        };
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            let flag = flag(setting);
            let variable = variable(setting);
            let chosen = if let Some(value) = matches.try_get_one::<String>(&flag).ok().flatten() {
                (value.clone(), Origin::Flag(flag))
            } else if let Some(value) = variables(&variable) {
                (value, Origin::Variable(variable))
            } else if let (Some(value), Some(path)) = (from_file.get(setting.name), &path) {
                (value.clone(), Origin::File(path.into()))
            } else if let Some((_, value)) = presets.iter().find(|(name, _)| *name == setting.name) {
                ((*value).to_owned(), Origin::Demo)
            } else {
                (setting.default.to_owned(), Origin::Default)
            };
            values.insert(setting.name, chosen);
        }
        let config = Self { values };
        let wrong = SETTINGS.iter().find(|setting| {
            let text = config.text(setting.name);
            text != setting.default && !setting.kind.takes(text)
        });
        match wrong {
            None => Ok(config),
            Some(setting) => Err(config.wrong(setting.name, setting.kind.expected())),
        }
    }

    /// A setting's text. Names are known at compile time: an unknown one is empty.
    pub fn text(&self, name: &'static str) -> &str {
        self.values.get(name).map_or("", |(value, _)| value)
    }

    /// Where a setting's value comes from.
    pub fn origin(&self, name: &'static str) -> Origin {
        self.values.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// A setting that is on or off.
    pub fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        switch_in(self.text(name)).ok_or_else(|| self.wrong(name, Kind::Switch.expected()))
    }

    /// A setting that is a whole number.
    pub fn number(&self, name: &'static str) -> Result<u32, ConfigError> {
        number_in(self.text(name)).ok_or_else(|| self.wrong(name, Kind::Number.expected()))
    }

    /// Refuses a setting that means nothing without another: whoever sets it means something by it.
    pub fn check_needs(&self) -> Result<(), ConfigError> {
        let alone = |(name, needed, _): &&(&'static str, &'static str, _)| {
            !self.text(name).is_empty() && self.text(needed).is_empty()
        };
        match NEEDS.iter().find(alone) {
            None => Ok(()),
            Some((name, _, expected)) => Err(self.wrong(name, expected)),
        }
    }

    /// The error for a value that does not fit.
    pub fn wrong(&self, name: &'static str, expected: &'static str) -> ConfigError {
        let secret = find(name).is_some_and(|setting| setting.secret);
        let value = if secret { "(hidden)" } else { self.text(name) };
        ConfigError::Value { name, value: value.to_owned(), origin: self.origin(name), expected }
    }
}

/// The settings of a TOML file under their dotted names; unknown ones are an error.
fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let fault = |text: String| ConfigError::File { path: path.to_owned(), text };
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| fault(error.to_string()))?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(group) => {
                for (member, value) in group {
                    if value.is_table() {
                        return Err(fault(format!("{name}.{member} is a table: write a value")));
                    }
                    values.insert(format!("{name}.{member}"), plain(value));
                }
            }
            value => {
                values.insert(name, plain(value));
            }
        }
    }
    match values.keys().find(|name| find(name).is_none()) {
        Some(unknown) => Err(fault(format!("there is no setting {unknown:?}; `honyaku config` lists them"))),
        None => Ok(values),
    }
}

fn plain(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Boolean(on) => if on { "1" } else { "0" }.to_owned(),
        toml::Value::Array(list) => list.into_iter().map(plain).collect::<Vec<_>>().join(","),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Datetime(moment) => moment.to_string(),
        toml::Value::Table(_) => String::new(),
    }
}
