//! Jobs: the rows that everything else is about.

use crate::sql::{Error, Param, Row, Tx, ValueRef, in_statements, marks};
use domain::ids::*;
use domain::job::Status;
use domain::money::{Money, UnitPrice};
use domain::tier::Tier;

/// A job as stored.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub scope: Scope,
    /// The order that made it.
    pub order: OrderId,
    /// The key that ordered it; none if ordered in the web app.
    pub key: Option<KeyId>,
    /// Its group.
    pub group: Option<GroupId>,
    /// The customer's sorting number inside the group.
    pub position: Option<i64>,
    /// Where it stands.
    pub status: Status,
    /// Where it stood before the hold.
    pub held_from: Option<Status>,
    /// Short name.
    pub slug: String,
    /// The text, byte for byte as sent.
    pub body_src: String,
    /// Source language, the catalogue's code.
    pub lc_src: String,
    /// Target language, the catalogue's code.
    pub lc_tgt: String,
    /// The tier ordered.
    pub tier: Tier,
    /// A second person edits (`services: edit` on pro).
    pub edit: bool,
    /// Units counted.
    pub unit_count: i64,
    /// By which counting rule.
    pub count_rule: i64,
    /// Price of a unit when it was bought.
    pub unit_price: UnitPrice,
    /// Price of the job.
    pub price: Money,
    /// What of the price lies in the job's escrow.
    pub escrow: Money,
    /// SHA-256 of what makes it the same text.
    pub text_key: Vec<u8>,
    /// Whether lazy loading may find no second one.
    pub lookup: bool,
    /// Approve on delivery.
    pub auto_approve: bool,
    /// Preferred translators first.
    pub use_preferred: bool,
    /// The job's own callback address.
    pub callback_url: Option<String>,
    /// The customer's own data.
    pub custom_data: Option<String>,
    /// The glossary to keep to.
    pub glossary: Option<GlossaryId>,
    /// What the text is for.
    pub purpose: Option<String>,
    /// How it should sound.
    pub tone: Option<String>,
    /// Longest translation, in characters.
    pub max_chars: Option<i64>,
    /// Attachments as JSON text.
    pub attachments: Option<String>,
    /// Lines of the order's and job's comments that instruct the sandbox's robot.
    pub instructions: Option<String>,
    /// The last delivered translation.
    pub body_tgt: Option<String>,
    /// The translation that waits for the edit step.
    pub draft_tgt: Option<String>,
    /// The translate step of a job with an edit step is done.
    pub edit_reached: bool,
    /// How often a translation was handed in.
    pub submissions: i64,
    /// How often the job was put back on the board after a rejection.
    pub round: i64,
    /// Counts changes; timers made for an earlier version do nothing.
    pub version: i64,
    /// Counts events; the `Honyaku-Sequence` of the last one.
    pub events: i64,
    /// How often the sandbox forced its status.
    pub forced: i64,
    /// When the translator's time is up.
    pub deadline: Option<Timestamp>,
    /// Hidden from default lists.
    pub archived: bool,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub changed_at: Timestamp,
}

const JOB: &str = "id, account_id, sandbox, order_id, key_id, group_id, position, status, held_from, slug, body_src, \
    lc_src, lc_tgt, tier, edit, unit_count, count_rule, currency, unit_price, price, escrow, text_key, lookup, \
    auto_approve, use_preferred, callback_url, custom_data, glossary_id, purpose, tone, max_chars, attachments, \
    instructions, body_tgt, draft_tgt, edit_reached, submissions, round, version, events, forced, deadline, archived, \
    created_at, changed_at";

impl Job {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        let id = row.take()?;
        let scope = Scope { account: row.take()?, environment: row.take()? };
        let (order, key, group, position) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (status, held_from, slug, body_src) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (lc_src, lc_tgt, tier, edit) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (unit_count, count_rule, currency) = (row.take()?, row.take()?, row.take()?);
        Ok(Self {
            id,
            scope,
            order,
            key,
            group,
            position,
            status,
            held_from,
            slug,
            body_src,
            lc_src,
            lc_tgt,
            tier,
            edit,
            unit_count,
            count_rule,
            unit_price: UnitPrice::from_ten_thousandths(row.take()?),
            price: Money::new(row.take()?, currency),
            escrow: Money::new(row.take()?, currency),
            text_key: row.take()?,
            lookup: row.take()?,
            auto_approve: row.take()?,
            use_preferred: row.take()?,
            callback_url: row.take()?,
            custom_data: row.take()?,
            glossary: row.take()?,
            purpose: row.take()?,
            tone: row.take()?,
            max_chars: row.take()?,
            attachments: row.take()?,
            instructions: row.take()?,
            body_tgt: row.take()?,
            draft_tgt: row.take()?,
            edit_reached: row.take()?,
            submissions: row.take()?,
            round: row.take()?,
            version: row.take()?,
            events: row.take()?,
            forced: row.take()?,
            deadline: row.take()?,
            archived: row.take()?,
            created_at: row.take()?,
            changed_at: row.take()?,
        })
    }
}

/// Stores new jobs. How many were stored: fewer if a live job with the same text key was
/// stored meanwhile.
pub fn insert_all(tx: &mut Tx<'_>, jobs: &[Job]) -> Result<u64, Error> {
    let rows: Vec<Vec<ValueRef<'_>>> = jobs.iter().map(new_row).collect();
    tx.insert_rows(
        "INSERT INTO job (id, account_id, sandbox, order_id, key_id, group_id, position, status, slug, body_src, lc_src, \
         lc_tgt, tier, edit, unit_count, count_rule, currency, unit_price, price, escrow, text_key, lookup, \
         auto_approve, use_preferred, callback_url, custom_data, glossary_id, purpose, tone, max_chars, attachments, \
         instructions, created_at, changed_at)",
        "ON CONFLICT (account_id, sandbox, text_key) WHERE lookup = 1 DO NOTHING",
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

/// The scope's job. `None` if it has no such job.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<Option<Job>, Error> {
    tx.query_opt(
        &format!("SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND id = $3"),
        &[&scope.account, &scope.environment, &id],
        Job::from_row,
    )
}

/// The scope's job, locked until the transaction ends. `None` if it has no such job.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<Option<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_opt(
        &format!("SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND id = $3 {for_update}"),
        &[&scope.account, &scope.environment, &id],
        Job::from_row,
    )
}

/// The live jobs with this text key: finished before open, newest first.
pub fn with_text(tx: &mut Tx<'_>, scope: Scope, text_key: &[u8]) -> Result<Vec<Job>, Error> {
    with_texts(tx, scope, &[text_key])
}

/// The live jobs with any of these text keys: finished before open, newest first.
pub fn with_texts(tx: &mut Tx<'_>, scope: Scope, text_keys: &[&[u8]]) -> Result<Vec<Job>, Error> {
    let mut found = Vec::new();
    for chunk in in_statements(text_keys) {
        let mut params: Vec<&dyn Param> = vec![&scope.account, &scope.environment];
        params.extend(chunk.iter().map(|key| key as &dyn Param));
        found.extend(tx.query_all(
            &format!(
                "SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND text_key IN {} \
                 AND status NOT IN ('canceled', 'rejected') \
                 ORDER BY CASE status WHEN 'approved' THEN 0 ELSE 1 END, id DESC",
                marks(2, chunk.len())
            ),
            &params,
            Job::from_row,
        )?);
    }
    Ok(found)
}

/// The jobs with this status that an order made, in the order sent; locked.
pub fn lock_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    status: Status,
) -> Result<Vec<Job>, Error> {
    lock_some_of_order(tx, scope, order, status, JobId(0), i64::MAX)
}

/// The queued jobs that an order made after the job `after`, in the order sent, up to `limit`;
/// locked.
pub fn lock_queued_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    after: JobId,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    lock_some_of_order(tx, scope, order, Status::Queued, after, limit)
}

fn lock_some_of_order(
    tx: &mut Tx<'_>,
    scope: Scope,
    order: OrderId,
    status: Status,
    after: JobId,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_all(
        &format!(
            "SELECT {JOB} FROM job WHERE order_id = $3 AND status = $4 AND id > $5 AND account_id = $1 \
             AND sandbox = $2 ORDER BY id LIMIT $6 {for_update}"
        ),
        &[&scope.account, &scope.environment, &order, &status, &after, &limit],
        Job::from_row,
    )
}

/// The jobs of a group, in group order; locked.
pub fn lock_group(tx: &mut Tx<'_>, scope: Scope, group: GroupId) -> Result<Vec<Job>, Error> {
    let for_update = tx.for_update();
    tx.query_all(
        &format!(
            "SELECT {JOB} FROM job WHERE group_id = $3 AND account_id = $1 AND sandbox = $2 \
             ORDER BY position IS NULL, position, id {for_update}"
        ),
        &[&scope.account, &scope.environment, &group],
        Job::from_row,
    )
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
        "UPDATE job SET status = $3, held_from = $4, escrow = $5, changed_at = $6, version = version + 1, events = events + 1, \
         lookup = CASE WHEN $3 IN ('canceled', 'rejected') THEN 0 ELSE lookup END \
         WHERE id = $1 AND version = $2",
        &[&job.id, &job.version, &change.to, &change.held_from, &change.escrow.minor(), &now],
    )?;
    Ok(rows == 1)
}

/// Takes the next event number of the job.
pub fn count_event(tx: &mut Tx<'_>, id: JobId) -> Result<i64, Error> {
    tx.query_one("UPDATE job SET events = events + 1 WHERE id = $1 RETURNING events", &[&id], Row::take)
}

/// Keeps a delivered translation as the job's text.
pub fn set_translation(tx: &mut Tx<'_>, id: JobId, body_tgt: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET body_tgt = $2, submissions = submissions + 1 WHERE id = $1",
        &[&id, &body_tgt],
    )?;
    Ok(())
}

/// Keeps the translate step's text for the editor.
pub fn set_draft(tx: &mut Tx<'_>, id: JobId, draft: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET draft_tgt = $2, edit_reached = 1, version = version + 1 WHERE id = $1",
        &[&id, &draft],
    )?;
    Ok(())
}

/// Sets or clears when the translator's time is up.
pub fn set_deadline(tx: &mut Tx<'_>, id: JobId, deadline: Option<Timestamp>) -> Result<(), Error> {
    tx.execute("UPDATE job SET deadline = $2 WHERE id = $1", &[&id, &deadline])?;
    Ok(())
}

/// A job goes into its next round: the rejected translation is no longer the job's text.
pub fn start_round(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET round = round + 1, body_tgt = NULL, draft_tgt = NULL, edit_reached = 0 WHERE id = $1",
        &[&id],
    )?;
    Ok(())
}

/// Writes today's price into a job that is being bought.
pub fn set_price(tx: &mut Tx<'_>, id: JobId, unit_price: UnitPrice, price: Money) -> Result<(), Error> {
    tx.execute(
        "UPDATE job SET unit_price = $2, price = $3 WHERE id = $1",
        &[&id, &unit_price.ten_thousandths(), &price.minor()],
    )?;
    Ok(())
}

/// Hides a finished job from default lists.
pub fn archive(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute("UPDATE job SET archived = 1 WHERE id = $1", &[&id])?;
    Ok(())
}

/// Puts the unfinished jobs of a group into another group.
pub fn regroup(tx: &mut Tx<'_>, id: JobId, group: GroupId) -> Result<(), Error> {
    tx.execute("UPDATE job SET group_id = $2 WHERE id = $1", &[&id, &group])?;
    Ok(())
}

/// Which jobs a list asks for.
pub struct Filter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only ordered at or after this.
    pub after: Option<Timestamp>,
    /// At most this many.
    pub limit: i64,
}

/// A line of a list: id and when it was ordered.
pub type Listed = (JobId, Timestamp);

/// The scope's jobs, newest first.
pub fn list(tx: &mut Tx<'_>, scope: Scope, filter: &Filter) -> Result<Vec<Listed>, Error> {
    let after = filter.after.unwrap_or(Timestamp(i64::MIN));
    let read = |row: &mut Row| Ok((row.take()?, row.take()?));
    match filter.status {
        Some(status) => tx.query_all(
            "SELECT id, created_at FROM job WHERE account_id = $1 AND sandbox = $2 AND status = $3 AND created_at >= $4 \
             ORDER BY created_at DESC, id DESC LIMIT $5",
            &[&scope.account, &scope.environment, &status, &after, &filter.limit],
            read,
        ),
        None => tx.query_all(
            "SELECT id, created_at FROM job WHERE account_id = $1 AND sandbox = $2 AND created_at >= $3 \
             ORDER BY created_at DESC, id DESC LIMIT $4",
            &[&scope.account, &scope.environment, &after, &filter.limit],
            read,
        ),
    }
}

/// The newest job with this text key and one of these statuses.
pub fn newest_with_text(
    tx: &mut Tx<'_>,
    scope: Scope,
    text_key: &[u8],
    statuses: &[Status],
) -> Result<Option<JobId>, Error> {
    let all = tx.query_all(
        "SELECT id, status FROM job WHERE account_id = $1 AND sandbox = $2 AND text_key = $3 ORDER BY id DESC",
        &[&scope.account, &scope.environment, &text_key],
        |row| Ok((row.take::<JobId>()?, row.take::<Status>()?)),
    )?;
    Ok(all.into_iter().find(|(_, status)| statuses.contains(status)).map(|(id, _)| id))
}

/// How many jobs the scope has in each status.
pub fn count_by_status(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<(Status, i64)>, Error> {
    tx.query_all(
        "SELECT status, COUNT(*) FROM job WHERE account_id = $1 AND sandbox = $2 GROUP BY status",
        &[&scope.account, &scope.environment],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// Lets one job pass the database's guard of moves: only the sandbox's force use case may.
pub fn mark_forced(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute("INSERT INTO job_force (job_id) VALUES ($1)", &[&id])?;
    Ok(())
}

/// Counts a forced status.
pub fn count_forced(tx: &mut Tx<'_>, id: JobId) -> Result<(), Error> {
    tx.execute("UPDATE job SET forced = forced + 1 WHERE id = $1", &[&id])?;
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

/// The units of a group's jobs that are still to be done.
pub fn group_units(tx: &mut Tx<'_>, scope: Scope, group: GroupId) -> Result<i64, Error> {
    tx.query_one(
        "SELECT CAST(COALESCE(SUM(unit_count), 0) AS BIGINT) FROM job WHERE group_id = $3 AND account_id = $1 AND sandbox = $2 \
         AND status NOT IN ('approved', 'rejected', 'canceled')",
        &[&scope.account, &scope.environment, &group],
        Row::take,
    )
}

/// True if a job of the group is not bought yet.
pub fn group_has_unpaid(tx: &mut Tx<'_>, scope: Scope, group: GroupId) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt(
        "SELECT 1 FROM job WHERE group_id = $3 AND account_id = $1 AND sandbox = $2 AND status = 'unpaid' LIMIT 1",
        &[&scope.account, &scope.environment, &group],
        Row::take,
    )?;
    Ok(found.is_some())
}

/// What lies in escrow after a decision that moves no status.
pub fn set_escrow(tx: &mut Tx<'_>, id: JobId, escrow: Money) -> Result<(), Error> {
    tx.execute("UPDATE job SET escrow = $2 WHERE id = $1", &[&id, &escrow.minor()])?;
    Ok(())
}

/// The scope's jobs with a status, oldest first.
pub fn ids_with_status(
    tx: &mut Tx<'_>,
    scope: Scope,
    status: Status,
    run: Option<&str>,
    limit: i64,
) -> Result<Vec<JobId>, Error> {
    tx.query_all(
        "SELECT id FROM job WHERE account_id = $1 AND sandbox = $2 AND status = $3 \
         AND (key_id IN (SELECT id FROM api_key WHERE test_run = $4) OR $4 IS NULL) ORDER BY created_at, id LIMIT $5",
        &[&scope.account, &scope.environment, &status, &run, &limit],
        Row::take,
    )
}
