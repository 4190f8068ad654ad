//! Orders of one key that come while an earlier one is being stored are placed together: on a server that
//! costs less.

use crate::app::{App, real_now};
use crate::http::together::{Together, each};
use domain::event::Actor;
use domain::ids::{KeyId, Scope};
use service::draft::Request;
use service::place_order::{Foresight, Outcome, place_together};
use service::{Context, Error};
use std::sync::Arc;
use store::keys::Key;
use store::sql;

/// So many jobs are placed together at most: the first waits for all.
const MOST_JOBS: usize = 100;

/// Orders that wait, by the key that orders.
pub type Placing = Together<(Scope, KeyId), Asked, Result<Outcome, Error>>;

/// An order, and by which key.
pub struct Asked {
    key: Arc<Key>,
    request: Request,
}

/// None wait yet.
pub fn placing() -> Arc<Placing> {
    Together::new(MOST_JOBS, |asked| asked.request.drafts.len())
}

/// Places a plain order of a key. Answered when it is durable.
pub async fn place(app: &Arc<App>, key: Arc<Key>, request: Request) -> Result<Outcome, Error> {
    let all = {
        let app = Arc::clone(app);
        move |asked| place_all(Arc::clone(&app), asked)
    };
    let outcome = app.placing.serve((key.scope, key.id), Asked { key, request }, all).await;
    outcome.unwrap_or_else(|| Err(sql::Error::Unavailable("nobody places orders any more".into()).into()))
}

/// Places orders of one key together; if that fails although the database is there, one by one.
async fn place_all(app: Arc<App>, asked: Vec<Asked>) -> Vec<Result<Outcome, Error>> {
    let Some(key) = asked.first().map(|asked| Arc::clone(&asked.key)) else { return Vec::new() };
    let count = asked.len();
    let requests: Vec<Request> = asked.into_iter().map(|asked| asked.request).collect();
    let again = if count > 1 { requests.clone() } else { Vec::new() };
    let placed = write(&app, &key, requests, false).await;
    let outcomes = match placed {
        Err(error) if count > 1 && !error.is_unavailable() => {
            tracing::error!(%error, "{count} orders are placed one by one");
            one_by_one(&app, &key, again).await
        }
        placed => each(placed, count),
    };
    app.stir();
    outcomes
}

/// One of them cannot be stored, whatever the reason: that is not to be the others' fault.
async fn one_by_one(app: &App, key: &Arc<Key>, requests: Vec<Request>) -> Vec<Result<Outcome, Error>> {
    let (mut outcomes, mut rest) = (Vec::new(), requests.into_iter());
    while let Some(request) = rest.next() {
        let placed = write(app, key, vec![request], true).await;
        let is_gone = placed.as_ref().is_err_and(Error::is_unavailable);
        outcomes.extend(each(placed, 1));
        if is_gone {
            // Nor do the others wait for each other to find that out.
            let gone = || Err(sql::Error::Unavailable("for the order before".into()).into());
            outcomes.extend(rest.by_ref().map(|_| gone()));
        }
    }
    outcomes
}

/// In one transaction. What the database refuses of a suspect is an error of its own, not of the commit.
async fn write(
    app: &App,
    key: &Arc<Key>,
    requests: Vec<Request>,
    is_suspect: bool,
) -> Result<Vec<Outcome>, Error> {
    let (desk, foresight, key) = (Arc::clone(&app.desk), Foresight::of_all(&requests), Arc::clone(key));
    let scope = key.scope;
    let written = app.db.write_for(scope, move |tx| {
        foresight.tell(tx, scope);
        let ctx = Context::open(tx, desk, scope, Actor::CustomerApi, real_now())?.called_with(key.id);
        let placed = place_together(tx, &ctx, &key, requests)?;
        if is_suspect {
            tx.send_now()?;
        }
        Ok(placed)
    });
    written.await
}
