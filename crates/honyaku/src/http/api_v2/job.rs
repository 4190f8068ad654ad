//! `translate/job/{id}`: one job. Contract: api-v2 6.3.

use super::fields;
use super::review::{self, Action};
use crate::http::answer::Answer;
use crate::http::call::{Call, id};
use crate::http::failure::Failure;
use domain::fault::Fault;
use domain::ids::RevisionId;
use serde_json::{Value, json};
use service::{cancel, comment, look};
use std::sync::{Arc, Mutex};
use store::threads::Subject;
use store::uploads::Upload;
use wire::field::given;
use wire::json::Object;
use wire::params::FilePart;

/// A path without an id.
pub async fn id_missing(mut call: Call) -> Result<Answer, Failure> {
    call.data()?;
    Err(call.job().err().unwrap_or_else(|| call.refuse(2050, "write the id into the path")))
}

/// `GET translate/job/{id}`
pub async fn get(mut call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let data = call.data()?.object;
    let pre_mt = fields::boolean(data.get("pre_mt"), "pre_mt", 1352).map_err(|fault| call.fault(&fault))?;
    let payload = call.read_briefly(move |tx, ctx| look::job(tx, ctx, id, pre_mt.unwrap_or(false))).await?;
    Ok(Answer::of("job", payload))
}

/// `PUT translate/job/{id}`
pub async fn act(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let id = call.job()?;
    act_with(&call, id, data).await
}

async fn act_with(call: &Call, id: domain::ids::JobId, data: Object) -> Result<Answer, Failure> {
    // The id is checked before the action.
    call.read(move |tx, ctx| look::job(tx, ctx, id, false)).await?;
    let name = review::name_of(&data).map_err(|fault| call.fault(&fault))?;
    let action = Action::read(&name, &data, &Object::default()).map_err(|fault| call.fault(&fault))?;
    let wrong_captcha = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&wrong_captcha);
    let result = call
        .write(&data, move |tx, ctx| {
            action.run(tx, ctx, id, &noted)?;
            Ok(json!({}))
        })
        .await;
    let wrong = wrong_captcha.lock().ok().and_then(|mut noted| noted.take());
    match wrong {
        Some(job) => Err(review::replace_captcha(call, job).await),
        None => result,
    }
}

/// `DELETE translate/job/{id}`
pub async fn cancel(mut call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let data = call.data_if_any()?;
    let answer = call.write(&data, move |tx, ctx| cancel::cancel_job(tx, ctx, id).map(|()| json!({})));
    answer.await
}

/// `POST translate/job/{id}`: a comment whose sender forgot the last segment, or an action.
pub async fn comment_or_act(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let id = call.job()?;
    let acts = ["action", "reason"].iter().any(|name| given(data.get(name)).is_some());
    if acts { act_with(&call, id, data).await } else { write_comment(&call, Subject::Job(id), data).await }
}

/// `POST translate/job/{id}/comment`
pub async fn comment(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let id = call.job()?;
    write_comment(&call, Subject::Job(id), data).await
}

/// Writes a comment of the customer into a thread.
pub async fn write_comment(call: &Call, subject: Subject, data: Object) -> Result<Answer, Failure> {
    let refuse = |fault: Fault| call.fault(&fault);
    let body = fields::text(data.get("body"), "body", 1351, call.app.limits.comment_chars).map_err(refuse)?;
    let body = body.filter(|body| !body.trim().is_empty());
    let body = body.ok_or_else(|| refuse(Fault::new(2000, "send the comment's text").of("body")))?;
    let linked = fields::attachments(&data, call.app.limits.attachments).map_err(refuse)?;
    let files = keep(call, uploads(call).map_err(refuse)?).await?;
    let most = call.app.limits.attachments;
    call.write(&data, move |tx, ctx| {
        let attachments = comment::attach(tx, ctx, linked, files, most)?;
        comment::write(tx, ctx, subject, "customer", &body, attachments)?;
        Ok(json!({}))
    })
    .await
}

/// Keeps files' contents; their rows are still to be written.
async fn keep(call: &Call, parts: Vec<&FilePart>) -> Result<Vec<Upload>, Failure> {
    let mut uploads = Vec::with_capacity(parts.len());
    for part in parts {
        let kept = call.app.contents.keep(&call.app.db, part.bytes.clone()).await;
        uploads.push(Upload {
            token: String::new(),
            filename: kept_name(part.base_name()),
            mime_type: part.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            digest: kept.map_err(|error| Failure::without_files(&error, call.origin()))?,
        });
    }
    Ok(uploads)
}

/// A file's name, not too long, with its ending.
fn kept_name(name: &str) -> String {
    const MOST: usize = 200;
    if name.is_empty() {
        return "file".to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 20 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let room = MOST - ending.chars().count();
    stem.chars().take(room).chain(ending.chars()).collect()
}

/// The files that came with a comment. A form's field for a file that nobody chose is none.
fn uploads(call: &Call) -> Result<Vec<&FilePart>, Fault> {
    let limits = &call.app.limits;
    let refuse = |detail: String| fields::fault(2010, "file_attachments", detail);
    let is_attachment = |file: &&FilePart| {
        let chosen = !file.bytes.is_empty() || !file.base_name().is_empty();
        chosen && file.part_name.starts_with("file_attachments")
    };
    let files: Vec<_> = call.params.files.iter().filter(is_attachment).collect();
    if files.len() > limits.attachments {
        return Err(refuse(format!(
            "has {} files; at most {} are accepted",
            files.len(),
            limits.attachments
        )));
    }
    if let Some(file) = files.iter().find(|file| file.base_name().contains('\0')) {
        let name = wire::json::shown_text(file.base_name());
        return Err(refuse(format!("{name} holds the character U+0000: leave it out")));
    }
    if let Some(large) = files.iter().find(|file| file.bytes.len() > limits.attachment_bytes) {
        let name = wire::json::shown_text(large.base_name());
        return Err(refuse(format!("{name} is over {} bytes", limits.attachment_bytes)));
    }
    Ok(files)
}

/// `GET translate/job/{id}/comments`
pub async fn comments(call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let thread = call.read(move |tx, ctx| look::thread(tx, ctx, Subject::Job(id))).await?;
    Ok(Answer::of("thread", thread))
}

/// `GET translate/job/{id}/revisions`
pub async fn revisions(call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let revisions = call.read(move |tx, ctx| look::revisions(tx, ctx, id)).await?;
    let list: Vec<Value> = revisions
        .into_iter()
        .map(|revision| json!({ "ctime": revision.created_at.seconds(), "rev_id": revision.id.to_string() }))
        .collect();
    Ok(json!({ "job_id": id.to_string(), "revisions": list }).into())
}

/// `GET translate/job/{id}/revision` without a revision's id.
pub async fn revision_missing(call: Call) -> Result<Answer, Failure> {
    call.job()?;
    Err(call.fault(&Fault::new(2150, "write the revision's id into the path, after revision/").of("rev_id")))
}

/// `GET translate/job/{id}/revision/{rev_id}`
pub async fn revision(call: Call) -> Result<Answer, Failure> {
    let job = call.job()?;
    let text = call.path.get(1).cloned().unwrap_or_default();
    let revisions = call.read(move |tx, ctx| look::revisions(tx, ctx, job)).await?;
    let wanted = id(&text).map(RevisionId);
    let found = revisions.into_iter().find(|revision| Some(revision.id) == wanted).ok_or_else(|| {
        let shown = wire::json::shown_text(&text);
        call.fault(&Fault::new(2200, format!("job {job} has no revision {shown}")).of("rev_id"))
    })?;
    Ok(json!({ "revision": { "ctime": found.created_at.seconds(), "body_tgt": found.body_tgt } }).into())
}

/// `GET translate/job/{id}/feedback`
pub async fn feedback(call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let feedback = call.read(move |tx, ctx| look::feedback(tx, ctx, id)).await?;
    Ok(Answer::of("feedback", feedback))
}

/// `GET translate/job/{id}/preview`: the contract's empty picture until pictures are made.
pub async fn preview(_call: Call) -> Result<Answer, Failure> {
    Ok(Answer::Raw { content_type: "image/jpeg", bytes: Vec::new() })
}
