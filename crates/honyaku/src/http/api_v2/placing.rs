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

/// Places orders of one key together; if that fails although the database is there, one by one: one of them
/// cannot be stored, whatever the reason, which is not to be the others' fault.
async fn place_all(app: Arc<App>, asked: Vec<Asked>) -> Vec<Result<Outcome, Error>> {
    let Some(key) = asked.first().map(|asked| Arc::clone(&asked.key)) else { return Vec::new() };
    let requests: Vec<Request> = asked.into_iter().map(|asked| asked.request).collect();
    let again = requests.clone();
    let placed = write(&app, &key, requests).await;
    let outcomes = match placed {
        Err(error) if again.len() > 1 && !error.is_unavailable() => {
            tracing::error!(%error, "{} orders are placed one by one", again.len());
            let mut outcomes = Vec::new();
            for request in again {
                outcomes.extend(each(write(&app, &key, vec![request]).await, 1));
            }
            outcomes
        }
        placed => each(placed, again.len()),
    };
    app.stir();
    outcomes
}

/// In one transaction.
async fn write(app: &App, key: &Arc<Key>, requests: Vec<Request>) -> Result<Vec<Outcome>, Error> {
    let (desk, foresight, key) = (Arc::clone(&app.desk), Foresight::of_all(&requests), Arc::clone(key));
    let scope = key.scope;
    let written = app.db.write_for(scope, move |tx| {
        foresight.tell(tx, scope);
        let ctx = Context::open(tx, desk, scope, Actor::CustomerApi, real_now())?.called_with(key.id);
        place_together(tx, &ctx, &key, requests)
    });
    written.await
}
