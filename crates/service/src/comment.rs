//! Writes a comment into the thread of a job or an order.

use crate::context::Context;
use crate::error::Error;
use crate::{announce, robots};
use domain::ids::CommentId;
use store::sql::Tx;
use store::threads::{self, Comment, Subject};
use store::{jobs, orders};

/// Writes a comment and tells about it. The author's word is the contract's.
pub fn write(
    tx: &mut Tx<'_>,
    ctx: &Context,
    subject: Subject,
    author: &str,
    body: &str,
    attachments: Option<String>,
) -> Result<CommentId, Error> {
    match subject {
        Subject::Job(id) => {
            jobs::lock(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_job(id.0))?;
        }
        Subject::Order(id) => {
            orders::find(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_order(id.0))?;
        }
    }
    let comment = Comment {
        id: CommentId(tx.reserve_ids("comment", 1)?),
        scope: ctx.scope,
        subject,
        author: author.to_owned(),
        body: body.to_owned(),
        attachments,
        created_at: ctx.now,
    };
    threads::insert(tx, &comment)?;
    announce::comment(tx, ctx, &comment)?;
    if let (Subject::Job(job), "customer") = (subject, author) {
        robots::answer_comment(tx, ctx, job)?;
    }
    Ok(comment.id)
}
