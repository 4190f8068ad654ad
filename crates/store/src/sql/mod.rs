//! The thin layer between our SQL and the engine. SQL texts use `$1` and run unchanged on
//! every engine; a transaction is a closure without network and without await.

mod error;
mod migrate;
mod queue;
mod sequences;
mod sqlite;
mod tx;
mod value;

pub use error::Error;
pub use migrate::{Applied, history};
pub use sqlite::{Db, Options};
pub use tx::{Sql, Tx};
pub use value::{Column, Param, Row, Value, ValueRef};
