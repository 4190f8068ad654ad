//! What can go wrong in the database.

/// A fault of the database or of a row's content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A constraint refused the write; the text names it.
    #[error("constraint: {0}")]
    Constraint(String),
    /// The engine's own message.
    #[error("database: {0}")]
    Engine(String),
    /// The database did not answer in time, or is closed.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// Another process serves this file.
    #[error("{0} is in use by another honyaku process: stop that one first")]
    Locked(String),
    /// A column holds what it should not.
    #[error("column {index} should be {expected}")]
    Column {
        /// From the left, starting at 0.
        index: usize,
        /// What was expected and what came.
        expected: String,
    },
    /// The statement has fewer columns than the code reads.
    #[error("no column {0}")]
    NoSuchColumn(usize),
    /// The database does not fit this program.
    #[error("{0}")]
    Schema(String),
    /// A closure panicked; its work was rolled back.
    #[error("a transaction panicked")]
    Panicked,
}

impl Error {
    /// For whom it makes undone what was right by itself: trying again later may help.
    pub(crate) fn passed_on(&self) -> Self {
        match self {
            Self::Unavailable(text) => Self::Unavailable(text.clone()),
            other => Self::Unavailable(other.to_string()),
        }
    }

    /// True when trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(code, message) => match code.code {
                rusqlite::ErrorCode::ConstraintViolation => {
                    Self::Constraint(message.clone().unwrap_or_else(|| error.to_string()))
                }
                rusqlite::ErrorCode::DatabaseBusy
                | rusqlite::ErrorCode::DatabaseLocked
                | rusqlite::ErrorCode::DiskFull
                | rusqlite::ErrorCode::SystemIoFailure
                | rusqlite::ErrorCode::CannotOpen => Self::Unavailable(error.to_string()),
                _ => Self::Engine(error.to_string()),
            },
            _ => Self::Engine(error.to_string()),
        }
    }
}
