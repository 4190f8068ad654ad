//! The database's guard of moves: it lets no job go where the rules do not.

use crate::sql::{Error, Tx};
use domain::ids::{JobId, Scope};

/// Lets one job pass the database's guard of moves: only the sandbox's force use case may.
pub fn mark_forced(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute("INSERT INTO job_force (job_id) VALUES ($1)", &[&id])?;
    Ok(())
}

/// Counts a forced status.
pub fn count_forced(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET forced = forced + 1 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id],
    )?;
    Ok(())
}

/// Takes the mark away again.
pub fn unmark_forced(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute("DELETE FROM job_force WHERE job_id = $1", &[&id])?;
    Ok(())
}

/// Tells the database's guard which moves the rules know. None is taken away: nodes of another
/// version may be at work beside this one. A move that is no longer legal goes by a migration.
pub fn publish_moves(tx: &mut Tx<'_>) -> Result<(), Error> {
    for (from, to) in domain::job::legal_moves() {
        tx.execute(
            "INSERT INTO job_move (status_from, status_to) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&from, &to],
        )?;
    }
    Ok(())
}
