//! What is wrong with the parameters of a request.

use crate::json::{JsonFault, shown_text};
use crate::params::PARAMETERS_MAX;
use thiserror::Error;

/// The request cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParamsFault {
    /// Bytes that are not UTF-8 (code 1351).
    #[error("{} is not UTF-8", shown_text(field))]
    NotUtf8 {
        /// The parameter, or `body` for a whole JSON body.
        field: String,
    },
    /// A body of a type that holds no parameters (code 1352).
    #[error("a body of type {} holds no parameters: send application/x-www-form-urlencoded, multipart/form-data or application/json", shown_text(.0))]
    ContentType(String),
    /// A multipart body that breaks off or has no boundary (code 1802).
    #[error("the multipart body cannot be read: {0}")]
    Multipart(String),
    /// More than [`PARAMETERS_MAX`] parameters and parts (code 1352).
    #[error("more than {PARAMETERS_MAX} parameters")]
    TooMany,
}

impl ParamsFault {
    /// The API's error code for it.
    pub fn code(&self) -> u16 {
        match self {
            ParamsFault::NotUtf8 { .. } => 1351,
            ParamsFault::ContentType(_) | ParamsFault::TooMany => 1352,
            ParamsFault::Multipart(_) => 1802,
        }
    }
}

/// There is no `data` object to work on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DataFault {
    /// No `data`, none of the method's own parameters, no file (code 1250).
    #[error("no data: send one parameter \"data\" with a JSON object in it")]
    Missing,
    /// Not JSON, or not an object (code 1251).
    #[error("{0}")]
    NotAnObject(JsonFault),
}

impl DataFault {
    /// The API's error code for it.
    pub fn code(&self) -> u16 {
        match self {
            DataFault::Missing => 1250,
            DataFault::NotAnObject(_) => 1251,
        }
    }
}
