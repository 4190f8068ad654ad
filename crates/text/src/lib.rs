//! Text engines: counting, protected spans, language detection. Pure.
#![forbid(unsafe_code)]
