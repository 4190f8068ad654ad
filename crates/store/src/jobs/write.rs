//! What changes in a job's row.

use super::Job;
use crate::sql::{Error, Param, Row, Tx, ValueRef};
use domain::ids::*;
use domain::job::Status;
use domain::money::{Money, UnitPrice};

/// Stores new jobs. A live job with the same text key must not be there: the database refuses
/// two of them.
pub fn insert_all(tx: &mut Tx<'_>, jobs: &[Job]) -> Result<(), Error> {
    jobs.iter().for_each(|job| tx.count_job(job.scope, job.status, 1));
    let rows: Vec<Vec<ValueRef<'_>>> = jobs.iter().map(new_row).collect();
    tx.send_rows(
        "INSERT INTO job (id, account_id, sandbox, order_id, key_id, group_id, position, status, slug, body_src, lc_src, \
         lc_tgt, tier, edit, unit_count, count_rule, currency, unit_price, price, escrow, text_key, lookup, \
         auto_approve, use_preferred, callback_url, custom_data, glossary_id, purpose, tone, max_chars, attachments, \
         instructions, created_at, changed_at)",
        &rows,
    )
}

/// What a new job's row holds; the rest has defaults.
fn new_row(job: &Job) -> Vec<ValueRef<'_>> {
    vec![
        job.id.value(),
        job.scope.account.value(),
        job.scope.environment.value(),
        job.order.value(),
        job.key.value(),
        job.group.value(),
        job.position.value(),
        job.status.value(),
        job.slug.value(),
        job.body_src.value(),
        job.lc_src.value(),
        job.lc_tgt.value(),
        job.tier.value(),
        job.edit.value(),
        job.unit_count.value(),
        job.count_rule.value(),
        ValueRef::Text(job.price.currency().code()),
        ValueRef::Int(job.unit_price.ten_thousandths()),
        ValueRef::Int(job.price.minor()),
        ValueRef::Int(job.escrow.minor()),
        job.text_key.value(),
        job.lookup.value(),
        job.auto_approve.value(),
        job.use_preferred.value(),
        job.callback_url.value(),
        job.custom_data.value(),
        job.glossary.value(),
        job.purpose.value(),
        job.tone.value(),
        job.max_chars.value(),
        job.attachments.value(),
        job.instructions.value(),
        job.created_at.value(),
        job.changed_at.value(),
    ]
}

/// What changes when a job moves; all of it in one statement.
pub struct Move {
    /// The new status.
    pub to: Status,
    /// The status before a hold, while held.
    pub held_from: Option<Status>,
    /// What lies in escrow afterwards.
    pub escrow: Money,
}

/// Moves the job. The version guards against a second writer: `false` means somebody was faster.
pub fn set_status(tx: &mut Tx<'_>, job: &Job, change: &Move, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE job SET status = $4, held_from = $5, escrow = $6, changed_at = $7, version = version + 1, events = events + 1, \
         lookup = CASE WHEN $4 IN ('canceled', 'rejected') THEN 0 ELSE lookup END \
         WHERE account_id = $1 AND id = $2 AND version = $3",
        &[
            &job.scope.account,
            &job.id,
            &job.version,
            &change.to,
            &change.held_from,
            &change.escrow.minor(),
            &now,
        ],
    )?;
    if rows == 1 {
        tx.count_job(job.scope, job.status, -1);
        tx.count_job(job.scope, change.to, 1);
    }
    Ok(rows == 1)
}

/// Takes the next event number of the job.
pub fn count_event(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<i64, Error> {
    tx.query_one(
        "UPDATE job SET events = events + 1 WHERE account_id = $1 AND id = $2 RETURNING events",
        &[&scope.account, &id],
        Row::take,
    )
}

/// Keeps a delivered translation as the job's text.
pub fn set_translation(tx: &mut Tx<'_>, scope: Scope, id: JobId, body_tgt: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET body_tgt = $3, submissions = submissions + 1 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &body_tgt],
    )?;
    Ok(())
}

/// Keeps the translate step's text for the editor.
pub fn set_draft(tx: &mut Tx<'_>, scope: Scope, id: JobId, draft: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET draft_tgt = $3, edit_reached = 1, version = version + 1 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &draft],
    )?;
    Ok(())
}

/// Sets or clears when the translator's time is up.
pub fn set_deadline(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: JobId,
    deadline: Option<Timestamp>,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET deadline = $3 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &deadline],
    )?;
    Ok(())
}

/// Sets when the review ends by itself.
pub fn set_review_until(tx: &mut Tx<'_>, scope: Scope, id: JobId, until: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET review_until = $3 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &until],
    )?;
    Ok(())
}

/// Whoever takes the job next begins with its first step.
pub fn begin_anew(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET draft_tgt = NULL, edit_reached = 0 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id],
    )?;
    Ok(())
}

/// A job goes into its next round: the rejected translation is no longer the job's text.
pub fn start_round(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET round = round + 1, body_tgt = NULL, draft_tgt = NULL, edit_reached = 0 \
         WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id],
    )?;
    Ok(())
}

/// Writes today's price into a job that is being bought.
pub fn set_price(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: JobId,
    unit_price: UnitPrice,
    price: Money,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET unit_price = $3, price = $4 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &unit_price.ten_thousandths(), &price.minor()],
    )?;
    Ok(())
}

/// Hides a finished job from default lists.
pub fn archive(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<(), Error> {
    tx.execute("UPDATE job SET archived = 1 WHERE account_id = $1 AND id = $2", &[&scope.account, &id])?;
    Ok(())
}

/// Puts the unfinished jobs of a group into another group.
pub fn regroup(tx: &mut Tx<'_>, scope: Scope, id: JobId, group: GroupId) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET group_id = $3 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &group],
    )?;
    Ok(())
}

/// What lies in escrow after a decision that moves no status.
pub fn set_escrow(tx: &mut Tx<'_>, scope: Scope, id: JobId, escrow: Money) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET escrow = $3 WHERE account_id = $1 AND id = $2",
        &[&scope.account, &id, &escrow.minor()],
    )?;
    Ok(())
}
