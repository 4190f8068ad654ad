//! The same sentences for a directory and for a bucket, and what is true of one of them only.

mod directory;
mod ground;
mod kept;
mod store;
