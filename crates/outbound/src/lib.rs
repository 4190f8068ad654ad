//! Outbound HTTP: one client that signs, bounds and refuses forbidden addresses.
#![forbid(unsafe_code)]
