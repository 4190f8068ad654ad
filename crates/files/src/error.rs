//! What can go wrong.

use crate::name::Name;

/// Why files cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("the file {0} is not there")]
    NotThere(Name),
    /// The bytes are not those that the name stands for.
    #[error("the file {0} is damaged: its content is not what its name says")]
    Damaged(Name),
    /// The file is encrypted, and not with the secret that is set.
    #[error("the file {0} is encrypted with another secret than the one that is set now")]
    WrongSecret(Name),
    /// The file is encrypted, and no secret is set.
    #[error("the file {0} is encrypted, but no secret is set")]
    NoSecret(Name),
    /// The place does not let us in. Repeating does not help; changing the setting does.
    #[error("{setting}: {text}")]
    Refused {
        /// The field of [`crate::Settings`] to look at.
        setting: &'static str,
        /// What is wrong with it.
        text: String,
    },
    /// The place does not answer, or has trouble of its own. Repeating may help.
    #[error("files cannot be reached now: {0}")]
    Unavailable(String),
}
