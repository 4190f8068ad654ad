//! Claims: who works on what. The unique index on active claims decides every race.
//!
//! CROSS JOIN tells SQLite, which keeps no statistics, to begin with the job: it would read all
//! claims of the account.

use crate::sql::{Error, Row, Tx};
use domain::ids::*;

/// A claim as stored.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// Whose jobs.
    pub scope: Scope,
    /// Who took them.
    pub translator: TranslatorId,
    /// The group taken.
    pub group: Option<GroupId>,
    /// translate or edit.
    pub role: String,
    /// active, submitted, correcting, …
    pub state: String,
    /// When the time is up.
    pub deadline: Timestamp,
    /// Since when its clock stands: a job of it is on hold.
    pub stopped_at: Option<Timestamp>,
    /// The claim whose work it corrects.
    pub corrects: Option<ClaimId>,
    /// When it was taken.
    pub created_at: Timestamp,
}

const CLAIM: &str = "c.id, c.account_id, c.sandbox, c.translator_id, c.group_id, c.role, c.state, c.deadline, c.stopped_at, \
    c.corrects, c.created_at";

fn from_row(row: &mut Row) -> Result<Claim, Error> {
    Ok(Claim {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        translator: row.take()?,
        group: row.take()?,
        role: row.take()?,
        state: row.take()?,
        deadline: row.take()?,
        stopped_at: row.take()?,
        corrects: row.take()?,
        created_at: row.take()?,
    })
}

/// Stores a claim on these jobs. An error of kind constraint: one of them is taken.
pub fn insert(tx: &mut Tx<'_>, claim: &Claim, jobs: &[JobId]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO claim (id, account_id, sandbox, translator_id, group_id, role, state, deadline, corrects, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &claim.id,
            &claim.scope.account,
            &claim.scope.environment,
            &claim.translator,
            &claim.group,
            &claim.role,
            &claim.state,
            &claim.deadline,
            &claim.corrects,
            &claim.created_at,
        ],
    )?;
    jobs.iter().try_for_each(|job| add(tx, claim, *job))
}

fn add(tx: &mut Tx<'_>, claim: &Claim, job: JobId) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO claim_job (account_id, claim_id, job_id, active) VALUES ($1, $2, $3, 1)",
        &[&claim.scope.account, &claim.id, &job],
    )?;
    Ok(())
}

/// The claim holds one more job, or again one that it had let go.
pub fn hold(tx: &mut Tx<'_>, claim: &Claim, job: JobId) -> Result<(), Error> {
    let again = tx.execute(
        "UPDATE claim_job SET active = 1 WHERE account_id = $1 AND claim_id = $2 AND job_id = $3",
        &[&claim.scope.account, &claim.id, &job],
    )?;
    if again == 0 { add(tx, claim, job) } else { Ok(()) }
}

/// The claims on job $3.
const ON_JOB: &str = "FROM claim_job cj CROSS JOIN claim c WHERE cj.account_id = $1 AND cj.job_id = $3 \
    AND c.account_id = cj.account_id AND c.id = cj.claim_id AND c.sandbox = $2";

/// The claim that is active on a job.
pub fn active_on(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Option<Claim>, Error> {
    tx.query_opt(
        &format!("SELECT {CLAIM} {ON_JOB} AND cj.active = 1"),
        &[&scope.account, &scope.environment, &job],
        from_row,
    )
}

/// The newest claim on a job in this role, whatever became of it.
pub fn latest_on(tx: &mut Tx<'_>, scope: Scope, job: JobId, role: &str) -> Result<Option<Claim>, Error> {
    tx.query_opt(
        &format!("SELECT {CLAIM} {ON_JOB} AND c.role = $4 ORDER BY c.id DESC LIMIT 1"),
        &[&scope.account, &scope.environment, &job, &role],
        from_row,
    )
}

/// A translator's corrections of a group's jobs that are under way since a moment or later, the newest.
pub fn corrections_since(
    tx: &mut Tx<'_>,
    done: &Claim,
    group: GroupId,
    since: Timestamp,
) -> Result<Option<Claim>, Error> {
    tx.query_opt(
        &format!(
            "SELECT {CLAIM} FROM claim c WHERE c.account_id = $1 AND c.sandbox = $2 AND c.translator_id = $3 \
             AND c.group_id = $4 AND c.state = 'correcting' AND c.created_at >= $5 ORDER BY c.id DESC LIMIT 1"
        ),
        &[&done.scope.account, &done.scope.environment, &done.translator, &group, &since],
        from_row,
    )
}

/// Whether a job that the claim holds is on hold.
pub fn is_on_hold(tx: &mut Tx<'_>, claim: &Claim) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt(
        "SELECT 1 FROM claim_job cj CROSS JOIN job j WHERE cj.account_id = $1 AND cj.claim_id = $2 AND cj.active = 1 \
         AND j.account_id = cj.account_id AND j.id = cj.job_id AND j.status = 'hold' LIMIT 1",
        &[&claim.scope.account, &claim.id],
        Row::take,
    )?;
    Ok(found.is_some())
}

/// The claim's clock stands since a moment, or goes on.
pub fn set_stopped(tx: &mut Tx<'_>, claim: &Claim, since: Option<Timestamp>) -> Result<(), Error> {
    tx.execute(
        "UPDATE claim SET stopped_at = $3 WHERE account_id = $1 AND id = $2",
        &[&claim.scope.account, &claim.id, &since],
    )?;
    Ok(())
}

/// All claims ever made on a job, newest first.
pub fn all_on(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Vec<Claim>, Error> {
    tx.query_all(
        &format!("SELECT {CLAIM} {ON_JOB} ORDER BY c.id DESC"),
        &[&scope.account, &scope.environment, &job],
        from_row,
    )
}

/// The jobs that a claim still holds.
pub fn active_jobs(tx: &mut Tx<'_>, account: AccountId, claim: ClaimId) -> Result<Vec<JobId>, Error> {
    tx.query_all(
        "SELECT job_id FROM claim_job WHERE account_id = $1 AND claim_id = $2 AND active = 1 ORDER BY job_id",
        &[&account, &claim],
        Row::take,
    )
}

/// How many jobs a claim began with.
pub fn job_count(tx: &mut Tx<'_>, claim: &Claim) -> Result<i64, Error> {
    tx.query_one(
        "SELECT COUNT(*) FROM claim_job WHERE account_id = $1 AND claim_id = $2",
        &[&claim.scope.account, &claim.id],
        Row::take,
    )
}

/// The claim no longer holds a job.
pub fn let_go(tx: &mut Tx<'_>, claim: &Claim, job: JobId) -> Result<(), Error> {
    tx.execute(
        "UPDATE claim_job SET active = 0 WHERE account_id = $1 AND claim_id = $2 AND job_id = $3",
        &[&claim.scope.account, &claim.id, &job],
    )?;
    Ok(())
}

/// Moves the claim to another state.
pub fn set_state(tx: &mut Tx<'_>, claim: &Claim, state: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE claim SET state = $3 WHERE account_id = $1 AND id = $2",
        &[&claim.scope.account, &claim.id, &state],
    )?;
    Ok(())
}

/// Sets when the claim's time is up.
pub fn set_deadline(tx: &mut Tx<'_>, claim: &Claim, deadline: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE claim SET deadline = $3 WHERE account_id = $1 AND id = $2",
        &[&claim.scope.account, &claim.id, &deadline],
    )?;
    Ok(())
}

/// Jobs with a translator's status but no active claim, or the reverse.
pub fn faults(tx: &mut Tx<'_>) -> Result<Vec<JobId>, Error> {
    tx.query_all(
        "SELECT id FROM job WHERE \
         (status IN ('pending', 'revising') AND edit_reached = 0 AND NOT EXISTS (SELECT 1 FROM claim_job cj WHERE cj.account_id = job.account_id AND cj.job_id = job.id AND cj.active = 1)) \
         OR (status IN ('unpaid', 'queued', 'available', 'approved', 'rejected', 'canceled') \
             AND EXISTS (SELECT 1 FROM claim_job cj WHERE cj.account_id = job.account_id AND cj.job_id = job.id AND cj.active = 1))",
        &[],
        Row::take,
    )
}

/// The scope's claim.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ClaimId) -> Result<Option<Claim>, Error> {
    tx.query_opt(
        &format!("SELECT {CLAIM} FROM claim c WHERE c.id = $3 AND c.account_id = $1 AND c.sandbox = $2"),
        &[&scope.account, &scope.environment, &id],
        from_row,
    )
}
