//! What the planner of a server knows about the tables.
//!
//! A server looks at its tables once a minute. Until it has seen a new one filled it takes every index for
//! as good as any other, and reads all jobs of an account to find one by its text. So tables that have
//! grown much since they were last looked at are pointed out to it sooner.

use crate::sql::{Error, Row, Tx};

/// Tables with more than a hundred rows of which the planner knows less than a tenth, each ready to stand in
/// a statement.
pub fn outgrown(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    tx.query_all(
        "SELECT format('%I', s.relname) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid \
         WHERE s.schemaname = current_schema() AND pg_has_role(c.relowner, 'USAGE') \
         AND s.n_live_tup > 10 * GREATEST(c.reltuples, 10)",
        &[],
        Row::take,
    )
}

/// Has the server look at a table, unless somebody else does just now.
pub fn look_at(tx: &mut Tx<'_>, table: &str) -> Result<(), Error> {
    tx.may_take_long()?;
    tx.execute(&format!("ANALYZE (SKIP_LOCKED) {table}"), &[])?;
    Ok(())
}
