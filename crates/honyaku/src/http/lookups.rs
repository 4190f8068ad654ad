//! Whose keys calls name. On a server, keys that are named at the same time are looked up together.

use super::together::{Together, each};
use crate::app::App;
use service::Error;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::accounts::Surroundings;
use store::keys::{self, Key};
use store::sql;

/// A key, revoked or not, and what its environment says; none if there is no such key.
type Found = Option<(Arc<Key>, Surroundings)>;

/// Public keys that wait to be looked up, in several rows: a connection that is stuck does not hold up all.
pub type Lookups = Together<u8, String, Result<Found, Error>>;

const ROWS: u8 = 4;

/// The same one for the same key: it is looked up once for all its calls.
fn row(public_key: &str) -> u8 {
    public_key.bytes().fold(0, |sum: u8, byte| sum.wrapping_add(byte)) % ROWS
}

/// None wait yet.
pub fn lookups() -> Arc<Lookups> {
    Together::new(keys::FOR_CALLS_MOST, |_| 1)
}

/// The key that a call names, as it is after the call has come.
pub async fn find(app: &Arc<App>, public_key: String) -> Result<Found, Error> {
    if !app.db.is_server() {
        return find_all(app, vec![public_key]).await.pop().unwrap_or(Ok(None));
    }
    let all = {
        let app = Arc::clone(app);
        move |public_keys| {
            let app = Arc::clone(&app);
            async move { find_all(&app, public_keys).await }
        }
    };
    let found = app.lookups.serve(row(&public_key), public_key, all).await;
    found.unwrap_or_else(|| Err(sql::Error::Unavailable("nobody looks keys up any more".into()).into()))
}

async fn find_all(app: &App, public_keys: Vec<String>) -> Vec<Result<Found, Error>> {
    let asked: BTreeSet<String> = public_keys.iter().cloned().collect();
    let found = app.db.read_once(move |tx| keys::for_calls(tx, &asked)).await.map(|found| {
        let by_name = |(key, around): (Key, Surroundings)| (key.public_key.clone(), (Arc::new(key), around));
        let found: HashMap<String, _> = found.into_iter().map(by_name).collect();
        public_keys.iter().map(|public_key| found.get(public_key).cloned()).collect()
    });
    each(found.map_err(Error::from), public_keys.len())
}
