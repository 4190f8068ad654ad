//! The sandbox's robot translators: instructions, delays, what they write. Pure.
#![forbid(unsafe_code)]
