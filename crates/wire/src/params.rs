//! The parameters of a request, wherever and however they were sent (api-v2 1.1, 1.2).
//!
//! [`Params::decode`] reads query and body into one place: credentials, `data`, the
//! method's own parameters, files. It takes the body by value and lets go of it as
//! soon as it can: a body of 100 MB never needs much more than twice its size.
//! [`Params::data_object`] then gives what the method works on, after the caller has
//! been authenticated: its faults come later in the order of checks.

mod body;
mod data;
mod fault;
mod file;
mod form;
mod header;
mod multipart;

pub use data::DataOutcome;
pub use fault::{DataFault, ParamsFault};
pub use file::FilePart;

use crate::json::{Json, JsonFault};

/// Most parameters, and most parts, of one request: 10,000 ids one by one, and room besides.
pub const PARAMETERS_MAX: usize = 20_000;

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Params {
    /// Whether the method's own parameters are sent one by one (GET, DELETE) or in `data`
    /// (POST, PUT). The caller changes it when [`Params::method_override`] says so.
    pub method_is_get_like: bool,
    /// `api_key`, the public key.
    pub api_key: Option<String>,
    /// `ts`, its text as sent.
    pub ts: Option<String>,
    /// `api_sig`.
    pub api_sig: Option<String>,
    /// `format`.
    pub format: Option<String>,
    /// `_method`, if it is one that counts.
    pub method_override: Option<MethodOverride>,
    /// Parts of a multipart body that have a file name.
    pub files: Vec<FilePart>,
    data: Option<Data>,
    /// Parameters given directly, in the order of rising precedence: the last counts.
    direct: Vec<(String, Json)>,
}

/// The method that `_method` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodOverride {
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

/// `data` in the form it came in.
#[derive(Debug)]
enum Data {
    /// JSON as text, not read yet.
    Text(String),
    /// Part of a JSON body, or all of it.
    Json(Json),
    /// A JSON body that is broken.
    Broken(JsonFault),
}

impl Params {
    /// Reads the parameters of a request. Where the same one is in the query and in the
    /// body, the query counts for GET and DELETE, the body for POST and PUT.
    pub fn decode(
        method_is_get_like: bool,
        query: Option<&str>,
        content_type: Option<&str>,
        body: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Params, ParamsFault> {
        let mut params = Params { method_is_get_like, ..Params::default() };
        let query = query.unwrap_or_default().as_bytes();
        if method_is_get_like {
            body::read(&mut params, content_type, body)?;
            form::read(&mut params, query)?;
        } else {
            form::read(&mut params, query)?;
            body::read(&mut params, content_type, body)?;
        }
        Ok(params)
    }

    /// The last value of a parameter given directly.
    pub fn direct(&self, name: &str) -> Option<&Json> {
        self.direct.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All parameters given directly, repeated ones each time.
    pub fn all_direct(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.direct.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Puts a text parameter where it belongs. An empty one of the general parameters
    /// counts as not given.
    fn accept(&mut self, name: String, value: String) -> Result<(), ParamsFault> {
        match name.as_str() {
            "data" if value.is_empty() => {}
            "data" => self.data = Some(Data::Text(value)),
            "api_key" | "ts" | "api_sig" | "format" | "_method" => self.accept_general(&name, value),
            _ => self.accept_direct(&name, Json::String(value))?,
        }
        Ok(())
    }

    fn accept_general(&mut self, name: &str, value: String) {
        if value.is_empty() {
            return;
        }
        match name {
            "api_key" => self.api_key = Some(value),
            "ts" => self.ts = Some(value),
            "api_sig" => self.api_sig = Some(value),
            "format" => self.format = Some(value),
            _ if value.eq_ignore_ascii_case("put") => self.method_override = Some(MethodOverride::Put),
            _ if value.eq_ignore_ascii_case("delete") => self.method_override = Some(MethodOverride::Delete),
            _ => {}
        }
    }

    fn accept_direct(&mut self, name: &str, value: Json) -> Result<(), ParamsFault> {
        if self.direct.len() >= PARAMETERS_MAX {
            return Err(ParamsFault::TooMany);
        }
        self.direct.push((without_index(name).to_owned(), value));
        Ok(())
    }
}

/// `job_ids[]` and `job_ids[0]` are how some clients' libraries repeat `job_ids`.
fn without_index(name: &str) -> &str {
    match name.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        Some((stem, index)) if !stem.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}
