//! API keys. Private keys and webhook secrets come in and go out sealed.

use crate::accounts::Surroundings;
use crate::sandboxes::ALL_JOBS;
use crate::sql::{Error, Param, Row, Tx, marks};
use domain::ids::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A key pair with its settings, beside what its account says.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its account and environment.
    pub scope: Scope,
    /// A name for people.
    pub name: String,
    /// The public half.
    pub public_key: String,
    /// The private half, sealed.
    pub private_key: Vec<u8>,
    /// The secret that callbacks are signed with, sealed.
    pub webhook_secret: Vec<u8>,
    /// Where callbacks go by default.
    pub callback_url: Option<String>,
    /// form, multipart or json.
    pub callback_encoding: String,
    /// Also send the events that are opt-in.
    pub callback_all: bool,
    /// Answers have numbers where today's documents have them.
    pub numbers_current: bool,
    /// Signatures live five minutes only.
    pub strict_ts: bool,
    /// Refuse identical forced orders within five minutes.
    pub guard_identical: bool,
    /// Addresses it may be used from, comma-separated; none is any.
    pub addresses: Option<String>,
    /// API versions it may be used with, comma-separated.
    pub versions: String,
    /// The most it may spend, in minor units.
    pub spending_limit: Option<i64>,
    /// What it has spent, in minor units.
    pub spent: i64,
    /// The test run it belongs to: the sandbox's controls act on that run's jobs only.
    pub test_run: Option<String>,
    /// The key that took its place by rotation.
    pub successor: Option<KeyId>,
    /// From when on it is revoked: yet to come while its successor is brought in.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The account is suspended.
    pub suspended: bool,
}

impl Key {
    /// It is not taken any more.
    pub fn is_revoked(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some_and(|moment| moment <= now)
    }
}

const KEY: &str = "k.id, k.account_id, k.sandbox, k.name, k.public_key, k.private_key, k.webhook_secret, \
    k.callback_url, k.callback_encoding, k.callback_all, k.numbers_current, k.strict_ts, k.guard_identical, \
    k.addresses, k.versions, k.spending_limit, k.spent, k.test_run, \
    k.successor_id, k.revoked_at, k.created_at, a.suspended";

fn from_row(row: &mut Row) -> Result<Key, Error> {
    Ok(Key {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        name: row.take()?,
        public_key: row.take()?,
        private_key: row.take()?,
        webhook_secret: row.take()?,
        callback_url: row.take()?,
        callback_encoding: row.take()?,
        callback_all: row.take()?,
        numbers_current: row.take()?,
        strict_ts: row.take()?,
        guard_identical: row.take()?,
        addresses: row.take()?,
        versions: row.take()?,
        spending_limit: row.take()?,
        spent: row.take()?,
        test_run: row.take()?,
        successor: row.take()?,
        revoked_at: row.take()?,
        created_at: row.take()?,
        suspended: row.take()?,
    })
}

/// Stores a new key.
pub fn insert(tx: &mut Tx<'_>, key: &Key) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO api_key (id, account_id, sandbox, name, public_key, private_key, webhook_secret, callback_url, \
         callback_encoding, callback_all, numbers_current, strict_ts, guard_identical, addresses, versions, \
         spending_limit, spent, test_run, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        &[
            &key.id,
            &key.scope.account,
            &key.scope.environment,
            &key.name,
            &key.public_key,
            &key.private_key,
            &key.webhook_secret,
            &key.callback_url,
            &key.callback_encoding,
            &key.callback_all,
            &key.numbers_current,
            &key.strict_ts,
            &key.guard_identical,
            &key.addresses,
            &key.versions,
            &key.spending_limit,
            &key.spent,
            &key.test_run,
            &key.created_at,
        ],
    )?;
    Ok(())
}

/// The key with this public half, revoked or not.
pub fn by_public_key(tx: &mut Tx<'_>, public_key: &str) -> Result<Option<Key>, Error> {
    tx.query_opt(
        &format!("SELECT {KEY} FROM api_key k JOIN account a ON a.id = k.account_id WHERE k.public_key = $1"),
        &[&public_key],
        from_row,
    )
}

/// By the power of two that is the number of keys.
static FOR_CALLS: LazyLock<[String; 6]> = LazyLock::new(|| {
    std::array::from_fn(|power| {
        format!(
            "SELECT {KEY}, e.clock_offset_ms, e.robot, {} FROM api_key k JOIN account a ON a.id = k.account_id \
             LEFT JOIN environment e ON e.account_id = k.account_id AND e.sandbox = k.sandbox \
             WHERE k.public_key IN {}",
            *ALL_JOBS,
            marks(0, 1 << power)
        )
    })
});

/// So many keys are asked for at most by one `for_calls`.
pub const FOR_CALLS_MOST: usize = 32;

/// The keys that calls name, revoked or not, with what their environments say: those that are there. A single
/// statement; no more than `FOR_CALLS_MOST`.
pub fn for_calls(tx: &mut Tx<'_>, public_keys: &BTreeSet<String>) -> Result<Vec<(Key, Surroundings)>, Error> {
    // Callers send anything, and PostgreSQL takes no such text.
    let mut asked: Vec<&String> = public_keys.iter().filter(|key| !key.contains('\0')).collect();
    let Some(first) = asked.first().copied() else { return Ok(Vec::new()) };
    let power = asked.len().next_power_of_two();
    let Some(sql) = FOR_CALLS.get(power.trailing_zeros() as usize) else {
        return Err(Error::Engine(format!("{} keys are asked for at once", asked.len())));
    };
    asked.resize(power, first);
    let params: Vec<&dyn Param> = asked.into_iter().map(|key| key as &dyn Param).collect();
    tx.query_all(sql, &params, |row| {
        let key = from_row(row)?;
        let around = Surroundings {
            ahead_ms: row.take::<Option<_>>()?.unwrap_or_default(),
            robot: row.take()?,
            jobs: row.take::<Option<_>>()?.unwrap_or_default(),
            account: None,
        };
        Ok((key, around))
    })
}

/// The scope's key with this id, or the one that took its place by rotation.
pub fn current(tx: &mut Tx<'_>, scope: Scope, id: KeyId) -> Result<Option<Key>, Error> {
    tx.query_opt(
        &format!(
            "SELECT {KEY} FROM api_key old JOIN api_key k ON k.account_id = old.account_id \
             AND k.id = COALESCE(old.successor_id, old.id) JOIN account a ON a.id = k.account_id \
             WHERE old.account_id = $1 AND old.id = $2"
        ),
        &[&scope.account, &id],
        from_row,
    )
}

/// An account's keys, oldest first.
pub fn of_account(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Key>, Error> {
    tx.query_all(
        &format!("SELECT {KEY} FROM api_key k JOIN account a ON a.id = k.account_id WHERE k.account_id = $1 ORDER BY k.id"),
        &[&account],
        from_row,
    )
}

/// Ends a key. False if there is none that is not ended.
pub fn revoke(tx: &mut Tx<'_>, public_key: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE api_key SET revoked_at = $2 WHERE public_key = $1 AND (revoked_at IS NULL OR revoked_at > $2)",
        &[&public_key, &now],
    )?;
    Ok(rows == 1)
}

/// Lets a key take the place of another one, which is revoked at `end`, and of those that one had followed.
/// False if that one is revoked or has a successor already.
pub fn succeed(tx: &mut Tx<'_>, old: &Key, successor: KeyId, end: Timestamp) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE api_key SET successor_id = $3, revoked_at = $4 \
         WHERE account_id = $1 AND id = $2 AND successor_id IS NULL AND revoked_at IS NULL",
        &[&old.scope.account, &old.id, &successor, &end],
    )?;
    tx.execute(
        "UPDATE api_key SET successor_id = $4 WHERE account_id = $1 AND sandbox = $2 AND successor_id = $3",
        &[&old.scope.account, &old.scope.environment, &old.id, &successor],
    )?;
    Ok(rows == 1)
}

/// The sealed callback secrets of the keys that this one follows and that are not revoked yet, the newest first.
pub fn retiring_secrets(tx: &mut Tx<'_>, key: &Key, now: Timestamp) -> Result<Vec<Vec<u8>>, Error> {
    tx.query_all(
        "SELECT webhook_secret FROM api_key WHERE account_id = $1 AND sandbox = $2 AND successor_id = $3 \
         AND revoked_at > $4 ORDER BY id DESC",
        &[&key.scope.account, &key.scope.environment, &key.id, &now],
        |row| row.take(),
    )
}

/// Whose spending a call with key $2 of account $1 counts as: its successor's, so that a pair has one limit.
const SPENDER: &str =
    "COALESCE((SELECT old.successor_id FROM api_key old WHERE old.account_id = $1 AND old.id = $2), $2)";

/// Adds to what the key, or its successor, has spent. False if that is over its limit.
pub fn spend(tx: &mut Tx<'_>, scope: Scope, id: KeyId, minor: i64) -> Result<bool, Error> {
    static SPEND: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE api_key SET spent = spent + $3 WHERE account_id = $1 AND id = {SPENDER} \
             AND (spending_limit IS NULL OR spent + $3 <= spending_limit)"
        )
    });
    Ok(tx.execute(&SPEND, &[&scope.account, &id, &minor])? == 1)
}

/// Adds to what a key without a limit, or its successor, has spent.
pub fn count_spent(tx: &mut Tx<'_>, scope: Scope, id: KeyId, minor: i64) -> Result<(), Error> {
    static COUNT: LazyLock<String> = LazyLock::new(|| {
        format!("UPDATE api_key SET spent = spent + $3 WHERE account_id = $1 AND id = {SPENDER}")
    });
    tx.send(&COUNT, &[&scope.account, &id, &minor])
}

/// Sets where a key's callbacks go by default.
pub fn set_callback_url(tx: &mut Tx<'_>, public_key: &str, url: &str) -> Result<(), Error> {
    tx.execute("UPDATE api_key SET callback_url = $2 WHERE public_key = $1", &[&public_key, &url])?;
    Ok(())
}

/// Inbox addresses hold the server's own: they follow when it is reached elsewhere.
pub fn move_inbox_urls(tx: &mut Tx<'_>, from: &str, to: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE api_key SET callback_url = $2 || substr(callback_url, length($1) + 1) \
         WHERE sandbox = 1 AND substr(callback_url, 1, length($1) + 7) = $1 || '/inbox/'",
        &[&from, &to],
    )?;
    Ok(())
}

/// Writes a key's settings. The keys that it follows keep theirs, but for what may be spent.
pub fn update(tx: &mut Tx<'_>, key: &Key) -> Result<(), Error> {
    tx.execute(
        "UPDATE api_key SET callback_url = $3, callback_encoding = $4, callback_all = $5, numbers_current = $6, \
         strict_ts = $7, guard_identical = $8, addresses = $9, versions = $10, spending_limit = $11, test_run = $12 \
         WHERE account_id = $1 AND id = $2",
        &[
            &key.scope.account,
            &key.id,
            &key.callback_url,
            &key.callback_encoding,
            &key.callback_all,
            &key.numbers_current,
            &key.strict_ts,
            &key.guard_identical,
            &key.addresses,
            &key.versions,
            &key.spending_limit,
            &key.test_run,
        ],
    )?;
    tx.execute(
        "UPDATE api_key SET spending_limit = $4 WHERE account_id = $1 AND sandbox = $2 AND successor_id = $3",
        &[&key.scope.account, &key.scope.environment, &key.id, &key.spending_limit],
    )?;
    Ok(())
}
