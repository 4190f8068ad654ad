//! What is true: states, money, units, languages, prices, error codes. Pure.
#![forbid(unsafe_code)]
