//! Writes a comment into the thread of a job or an order.

use crate::context::Context;
use crate::error::Error;
use crate::{announce, robots, secrets};
use domain::fault::Fault;
use domain::ids::CommentId;
use serde_json::{Value, json};
use store::sql::Tx;
use store::threads::{self, Comment, Subject};
use store::uploads::{self, Upload};
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
        id: CommentId(tx.reserve_id("comment")?),
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

/// Stores the rows of files that came with a comment and lists them beside its linked attachments, `most`
/// together.
pub fn attach(
    tx: &mut Tx<'_>,
    ctx: &Context,
    linked: Option<String>,
    files: Vec<Upload>,
    most: usize,
) -> Result<Option<String>, Error> {
    if files.is_empty() {
        return Ok(linked);
    }
    let mut all: Vec<Value> = match &linked {
        Some(text) => serde_json::from_str(text).map_err(|error| Error::Broken(error.to_string()))?,
        None => Vec::new(),
    };
    let count = all.len() + files.len();
    if count > most {
        let text = format!("{count} attachments; at most {most} are accepted, files and links together");
        return Err(Fault::new(2010, text).of("attachments").into());
    }
    for file in files {
        let file = Upload { token: secrets::letters(32)?, ..file };
        let url = format!("{}/attachment/{}", ctx.desk.public_url, file.token);
        all.push(json!({ "url": url, "filename": file.filename, "mime_type": file.mime_type }));
        uploads::insert(tx, ctx.scope, &file, ctx.now)?;
    }
    Ok(Some(Value::Array(all).to_string()))
}
