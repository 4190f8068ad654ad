//! What the product does: one use case a file.
#![forbid(unsafe_code)]
