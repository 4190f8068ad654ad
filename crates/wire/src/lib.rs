//! The API's wire forms: request decoding and answer encoding, without a server.
#![forbid(unsafe_code)]
