//! Comments on jobs and orders, and the revisions of a job.

use crate::sql::{Error, Tx};
use domain::ids::*;

/// What a thread belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A job's thread.
    Job(JobId),
    /// An order's thread.
    Order(OrderId),
}

/// A comment as stored.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Whose thread.
    pub scope: Scope,
    /// What it is about.
    pub subject: Subject,
    /// customer, translator, senior translator or support.
    pub author: String,
    /// The text.
    pub body: String,
    /// Attachments as JSON text.
    pub attachments: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Stores a comment.
pub fn insert(tx: &mut Tx<'_>, comment: &Comment) -> Result<(), Error> {
    let (job, order) = match comment.subject {
        Subject::Job(id) => (Some(id), None),
        Subject::Order(id) => (None, Some(id)),
    };
    tx.execute(
        "INSERT INTO comment (id, account_id, sandbox, job_id, order_id, author, body, attachments, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &comment.id,
            &comment.scope.account,
            &comment.scope.environment,
            &job,
            &order,
            &comment.author,
            &comment.body,
            &comment.attachments,
            &comment.created_at,
        ],
    )?;
    Ok(())
}

/// The thread, oldest first.
pub fn of(tx: &mut Tx<'_>, scope: Scope, subject: Subject) -> Result<Vec<Comment>, Error> {
    let (column, id) = match subject {
        Subject::Job(id) => ("job_id", id.0),
        Subject::Order(id) => ("order_id", id.0),
    };
    tx.query_all(
        &format!(
            "SELECT id, author, body, attachments, created_at FROM comment \
             WHERE {column} = $3 AND account_id = $1 AND sandbox = $2 ORDER BY id"
        ),
        &[&scope.account, &scope.environment, &id],
        move |row| {
            Ok(Comment {
                id: row.take()?,
                scope,
                subject,
                author: row.take()?,
                body: row.take()?,
                attachments: row.take()?,
                created_at: row.take()?,
            })
        },
    )
}

/// A submission of a translation.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The text.
    pub body_tgt: String,
    /// When it was handed in.
    pub created_at: Timestamp,
}

/// Stores a submission.
pub fn insert_revision(
    tx: &mut Tx<'_>,
    scope: Scope,
    job: JobId,
    translator: Option<TranslatorId>,
    body_tgt: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let id = tx.reserve_id("revision")?;
    tx.execute(
        "INSERT INTO revision (id, account_id, job_id, translator_id, body_tgt, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&id, &scope.account, &job, &translator, &body_tgt, &now],
    )?;
    Ok(())
}

/// A job's submissions, oldest first. The job was checked to be the scope's.
pub fn revisions(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Vec<Revision>, Error> {
    tx.query_all(
        "SELECT id, body_tgt, created_at FROM revision WHERE job_id = $2 AND account_id = $1 ORDER BY id",
        &[&scope.account, &job],
        |row| Ok(Revision { id: row.take()?, body_tgt: row.take()?, created_at: row.take()? }),
    )
}
