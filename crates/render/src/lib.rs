//! Pictures: the captcha.
#![forbid(unsafe_code)]
