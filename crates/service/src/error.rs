//! What a use case can answer instead of doing its work.

use domain::fault::Fault;
use domain::job::Refusal;
use store::ledger::PostError;
use store::sql;

/// Why a use case did nothing. Whatever it had written is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused in the contract's terms.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Refused to a command of the operator's, which knows no codes.
    #[error("{0}")]
    Command(String),
    /// Some of the jobs of a call are at fault: each key as sent, with all its faults.
    #[error("{} jobs at fault", .0.len())]
    Jobs(Vec<(String, Vec<Fault>)>),
    /// Some of the jobs of a bulk action are at fault; the first one speaks for all.
    #[error("{first}")]
    Bulk {
        /// The first failing job's first fault.
        first: Fault,
        /// Every failing job with its faults.
        jobs: Vec<(String, Vec<Fault>)>,
    },
    /// The captcha's text was wrong; the address of a new picture.
    #[error("{fault}")]
    Captcha {
        /// Code 2401.
        fault: Fault,
        /// Where the new picture is.
        captcha_url: String,
    },
    /// The same `Idempotency-Key` was answered before: the answer, not a failure.
    #[error("answered before")]
    Replay(store::replays::Stored),
    /// The database's fault.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// A fault of the program: something that the rules make impossible.
    #[error("broken invariant: {0}")]
    Broken(String),
}

impl Error {
    /// A refusal with this code.
    pub fn fault(code: u16, detail: impl Into<String>) -> Self {
        Self::Fault(Fault::new(code, detail))
    }

    /// True when trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_unavailable())
    }
}

impl From<PostError> for Error {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Sql(error) => Self::Sql(error),
            PostError::TooLarge(_) => crate::pay::overflow(),
            PostError::BelowFloor(account) => {
                Self::fault(2700, format!("{account} does not have enough credits for this"))
            }
        }
    }
}

impl From<domain::ledger::PostingFault> for Error {
    fn from(fault: domain::ledger::PostingFault) -> Self {
        Self::Broken(fault.to_string())
    }
}

/// A move that the caller did not expect to be refused.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::fault(2650, format!("{refusal}; {}", refusal.from.in_words()))
    }
}
