//! `translate/order/{id}`. Contract: api-v2 6.4.

use super::job::write_comment;
use crate::http::answer::Answer;
use crate::http::call::Call;
use crate::http::failure::Failure;
use serde_json::json;
use service::{cancel, look};
use store::threads::Subject;

/// `GET translate/order/{id}`
pub async fn get(call: Call) -> Result<Answer, Failure> {
    let id = call.order()?;
    let order = call.read_briefly(move |tx, ctx| look::order(tx, ctx, id)).await?;
    Ok(Answer::of("order", order))
}

/// `DELETE translate/order/{id}`
pub async fn cancel(mut call: Call) -> Result<Answer, Failure> {
    let id = call.order()?;
    let data = call.data_if_any()?;
    call.write(&data, move |tx, ctx| cancel::cancel_order(tx, ctx, id).map(|()| json!({}))).await
}

/// `POST translate/order/{id}/comment`
pub async fn comment(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let id = call.order()?;
    write_comment(&call, Subject::Order(id), data).await
}

/// `GET translate/order/{id}/comments`
pub async fn comments(call: Call) -> Result<Answer, Failure> {
    let id = call.order()?;
    let thread = call.read(move |tx, ctx| look::thread(tx, ctx, Subject::Order(id))).await?;
    Ok(Answer::of("thread", thread))
}
