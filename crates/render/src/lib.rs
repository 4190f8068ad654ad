//! Pictures that Honyaku draws itself, without fonts or image libraries.
#![forbid(unsafe_code)]

pub mod captcha;
