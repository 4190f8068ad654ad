//! Pictures: the captcha. Pure: the same input gives the same bytes.
#![forbid(unsafe_code)]

pub mod captcha;
