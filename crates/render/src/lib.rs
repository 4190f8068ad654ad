//! Pictures that Honyaku draws itself, without fonts or image libraries, and what it says aloud.
#![forbid(unsafe_code)]

pub mod captcha;
