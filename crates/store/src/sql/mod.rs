//! The thin layer between our SQL and the engine. SQL texts use `$1` and run unchanged on
//! every engine; a transaction is a closure without network and without await.

mod alarms;
mod db;
mod error;
mod migrate;
mod postgres;
mod queue;
mod sequences;
mod sqlite;
mod turns;
mod tx;
mod undo;
mod value;
mod work;

pub use alarms::{AT_ONCE, Alarm, Alarms, Chore};
pub use db::{Db, Failure, Options};
pub use error::Error;
pub use migrate::State;
pub use postgres::{Options as PostgresOptions, look_at_server};
pub use sqlite::{Options as SqliteOptions, bring_up_to_date, lock, look_into, migrations_in, snapshot};
pub use tx::{Dialect, Sql, Tx};
pub(crate) use tx::{in_statements, marks};
pub use value::{Column, Param, Row, Value, ValueRef};
