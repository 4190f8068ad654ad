//! A refusal in the contract's terms: its code, what exactly was wrong, and where.

use std::fmt;

/// What the caller is told. The code's own words come from the table of error codes; the
/// detail goes on with field, value and cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The contract's code.
    pub code: u16,
    /// What came and what to send instead.
    pub detail: String,
    /// The field it is about.
    pub field: Option<String>,
}

impl Fault {
    /// A refusal with this code.
    pub fn new(code: u16, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), field: None }
    }

    /// Names the field.
    pub fn of(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Fault {}
