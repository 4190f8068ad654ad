//! Questions about jobs that lock nothing.

use super::{JOB, Job};
use crate::sql::{Error, Param, Row, Tx, in_statements, marks};
use domain::ids::*;
use domain::job::Status;
use domain::tier::Tier;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The scope's job. `None` if it has no such job.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: JobId) -> Result<Option<Job>, Error> {
    static BY_ID: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND id = $3"));
    tx.query_opt(&BY_ID, &[&scope.account, &scope.environment, &id], Job::from_row)
}

/// The scope's jobs with these ids. Others are left out.
pub fn with_ids(tx: &mut Tx<'_>, scope: Scope, ids: &[JobId]) -> Result<Vec<Job>, Error> {
    tx.query_in(
        |list| format!("SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND id IN {list}"),
        &[&scope.account, &scope.environment],
        ids,
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
        let (sql, params) = of_texts(&scope, chunk);
        found.extend(tx.query_all(&sql, &params, Job::from_row)?);
    }
    Ok(found)
}

/// Announces that `with_texts` will be asked.
pub fn foresee_texts(tx: &mut Tx<'_>, scope: Scope, text_keys: &[&[u8]]) {
    for chunk in in_statements(text_keys) {
        let (sql, params) = of_texts(&scope, chunk);
        tx.foresee(&sql, &params);
    }
}

fn of_texts<'a>(scope: &'a Scope, text_keys: &'a [&'a [u8]]) -> (Cow<'static, str>, Vec<&'a dyn Param>) {
    /// Most orders are of one job.
    static OF_ONE: LazyLock<String> = LazyLock::new(|| of_so_many_texts(1));
    let mut params: Vec<&dyn Param> = vec![&scope.account, &scope.environment];
    params.extend(text_keys.iter().map(|key| key as &dyn Param));
    match text_keys.len() {
        1 => (OF_ONE.as_str().into(), params),
        many => (of_so_many_texts(many).into(), params),
    }
}

fn of_so_many_texts(count: usize) -> String {
    format!(
        "SELECT {JOB} FROM job WHERE account_id = $1 AND sandbox = $2 AND text_key IN {} \
         AND status NOT IN ('canceled', 'rejected') \
         ORDER BY CASE status WHEN 'approved' THEN 0 ELSE 1 END, id DESC",
        marks(2, count)
    )
}

/// Which jobs a list asks for.
#[derive(Clone)]
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

/// The newest job of a tier with this text key and one of these statuses.
pub fn newest_with_text(
    tx: &mut Tx<'_>,
    scope: Scope,
    text_key: &[u8],
    tier: Tier,
    statuses: &[Status],
) -> Result<Option<JobId>, Error> {
    let all = tx.query_all(
        "SELECT id, status FROM job WHERE account_id = $1 AND sandbox = $2 AND text_key = $3 AND tier = $4 ORDER BY id DESC",
        &[&scope.account, &scope.environment, &text_key, &tier],
        |row| Ok((row.take::<JobId>()?, row.take::<Status>()?)),
    )?;
    Ok(all.into_iter().find(|(_, status)| statuses.contains(status)).map(|(id, _)| id))
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
         AND (key_id IN (SELECT id FROM api_key WHERE account_id = $1 AND test_run = $4) OR $4 IS NULL) \
         ORDER BY created_at, id LIMIT $5",
        &[&scope.account, &scope.environment, &status, &run, &limit],
        Row::take,
    )
}

/// The scope's jobs with a status that come after one in a list, oldest first.
pub fn next_with_status(
    tx: &mut Tx<'_>,
    scope: Scope,
    status: Status,
    (after, ordered_at): Listed,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    tx.query_all(
        "SELECT id, created_at FROM job WHERE account_id = $1 AND sandbox = $2 AND status = $3 \
         AND (created_at, id) > ($4, $5) ORDER BY created_at, id LIMIT $6",
        &[&scope.account, &scope.environment, &status, &ordered_at, &after, &limit],
        |row| Ok((row.take()?, row.take()?)),
    )
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
