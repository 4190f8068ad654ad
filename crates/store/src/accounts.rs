//! Accounts, their people and their two environments.

use crate::sandboxes::ALL_JOBS;
use crate::sql::{AT_ONCE, Chore, Db, Dialect, Error, Failure, Row, Tx};
use domain::ids::*;
use domain::money::Currency;
use std::sync::LazyLock;

/// A customer's account (team).
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// A name without spaces, typed to confirm a wipe.
    pub short_name: String,
    /// Chosen at its creation, never changed.
    pub currency: Currency,
    /// Nothing is served while suspended.
    pub suspended: bool,
    /// The default of `auto_approve`.
    pub auto_approve: bool,
    /// The review period, if not the installation's.
    pub review_hours: Option<i64>,
    /// Approving needs a rating.
    pub rating_required: bool,
    /// Since when.
    pub created_at: Timestamp,
}

const ACCOUNT: &str =
    "id, name, short_name, currency, suspended, auto_approve, review_hours, rating_required, created_at";

/// The same, of `a` in a join.
const OF_ACCOUNT: &str = "a.id, a.name, a.short_name, a.currency, a.suspended, a.auto_approve, a.review_hours, \
    a.rating_required, a.created_at";

fn from_row(row: &mut Row) -> Result<Account, Error> {
    Ok(Account {
        id: row.take()?,
        name: row.take()?,
        short_name: row.take()?,
        currency: row.take()?,
        suspended: row.take()?,
        auto_approve: row.take()?,
        review_hours: row.take()?,
        rating_required: row.take()?,
        created_at: row.take()?,
    })
}

/// Stores a new account with its two environments.
pub fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<(), Error> {
    tx.execute(
        &format!("INSERT INTO account ({ACCOUNT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
        &[
            &account.id,
            &account.name,
            &account.short_name,
            &account.currency,
            &account.suspended,
            &account.auto_approve,
            &account.review_hours,
            &account.rating_required,
            &account.created_at,
        ],
    )?;
    for environment in [Environment::Live, Environment::Sandbox] {
        tx.execute(
            "INSERT INTO environment (account_id, sandbox) VALUES ($1, $2)",
            &[&account.id, &environment],
        )?;
    }
    Ok(())
}

/// The account with this id.
pub fn find(tx: &mut Tx<'_>, id: AccountId) -> Result<Option<Account>, Error> {
    tx.query_opt(&format!("SELECT {ACCOUNT} FROM account WHERE id = $1"), &[&id], from_row)
}

/// Whether there is an account.
pub fn is_any(tx: &mut Tx<'_>) -> Result<bool, Error> {
    let found: Option<i64> = tx.query_opt("SELECT 1 FROM account WHERE id > 0 LIMIT 1", &[], Row::take)?;
    Ok(found.is_some())
}

/// The account with this short name.
pub fn by_short_name(tx: &mut Tx<'_>, short_name: &str) -> Result<Option<Account>, Error> {
    tx.query_opt(&format!("SELECT {ACCOUNT} FROM account WHERE short_name = $1"), &[&short_name], from_row)
}

/// One person's sign-in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person's id.
    pub id: PersonId,
    /// The account a customer belongs to.
    pub account: Option<AccountId>,
    /// The address they sign in with.
    pub email: String,
    /// Full name.
    pub full_name: String,
    /// Name shown.
    pub display_name: String,
    /// Interface language.
    pub language_code: String,
    /// customer, translator or operator.
    pub role: String,
    /// Argon2 hash.
    pub password_hash: String,
}

/// Stores a new person.
pub fn insert_person(tx: &mut Tx<'_>, person: &Person, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO person (id, account_id, email, full_name, display_name, language_code, role, password_hash, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &person.id,
            &person.account,
            &person.email,
            &person.full_name,
            &person.display_name,
            &person.language_code,
            &person.role,
            &person.password_hash,
            &now,
        ],
    )?;
    Ok(())
}

/// The person that the account's keys speak for: its first member.
pub fn first_person(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<Person>, Error> {
    tx.query_opt(
        "SELECT id, account_id, email, full_name, display_name, language_code, role, password_hash \
         FROM person WHERE account_id = $1 ORDER BY id LIMIT 1",
        &[&account],
        |row| {
            Ok(Person {
                id: row.take()?,
                account: row.take()?,
                email: row.take()?,
                full_name: row.take()?,
                display_name: row.take()?,
                language_code: row.take()?,
                role: row.take()?,
                password_hash: row.take()?,
            })
        },
    )
}

/// What an environment says to every use case.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// How far its clock is ahead, in milliseconds; always 0 in live.
    pub ahead_ms: i64,
    /// The sandbox's robot settings, as JSON text; none in live.
    pub robot: Option<String>,
    /// How many jobs the sandbox holds.
    pub jobs: i64,
    /// Whose it is, if that was read along.
    pub account: Option<Account>,
}

static READ_ENVIRONMENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT e.clock_offset_ms, e.robot, {}, {OF_ACCOUNT} FROM environment e \
         JOIN account a ON a.id = e.account_id WHERE e.account_id = $1 AND e.sandbox = $2",
        *ALL_JOBS
    )
});

/// Raising the version locks the row as well.
static LOCK_ENVIRONMENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE environment e SET version = e.version + 1 FROM account a WHERE a.id = e.account_id \
         AND e.account_id = $1 AND e.sandbox = $2 RETURNING e.clock_offset_ms, e.robot, {}, {OF_ACCOUNT}",
        *ALL_JOBS
    )
});

/// Locks the environment until the transaction ends. On a database with many writers the writes of one environment
/// come one after the other: its events have ids in the order in which they become visible, and no
/// two writes can block each other. A reading transaction locks nothing.
pub fn lock_environment(tx: &mut Tx<'_>, scope: Scope) -> Result<Surroundings, Error> {
    if !scope.is_sandbox() && tx.dialect() == Dialect::Sqlite {
        // One writer at a time, and no clock to read.
        return Ok(Surroundings::default());
    }
    let from_row = |row: &mut Row| {
        Ok(Surroundings {
            ahead_ms: row.take()?,
            robot: row.take()?,
            jobs: row.take()?,
            account: Some(from_row(row)?),
        })
    };
    let whose: [&dyn crate::sql::Param; 2] = [&scope.account, &scope.environment];
    let found = if tx.for_update().is_empty() {
        tx.query_opt(&READ_ENVIRONMENT, &whose, from_row)?
    } else {
        tx.lock(&LOCK_ENVIRONMENT, &READ_ENVIRONMENT, &whose, from_row)?
    };
    Ok(found.unwrap_or_default())
}

/// How often the environment's data were written.
pub fn version(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, Error> {
    let version = tx.query_opt(
        "SELECT version FROM environment WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment],
        Row::take,
    )?;
    Ok(version.unwrap_or(0))
}

/// Reads an environment's data, from a replica if there is one that has all that was written of
/// them until now, on whichever node; else from the primary.
pub async fn read_near<T, E>(
    db: &Db,
    scope: Scope,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Failure,
{
    if !db.has_replica() {
        return db.read(closure).await;
    }
    let written = db.read_once(move |tx| version(tx, scope)).await?;
    let has_all = move |tx: &mut Tx<'_>| Ok(version(tx, scope)? >= written);
    db.read_on_replica_if(has_all, closure).await
}

/// Puts the environment's clock forward: everything that is due later comes nearer by as much.
pub fn forward_clock(tx: &mut Tx<'_>, scope: Scope, by_ms: i64) -> Result<(), Error> {
    let params: [&dyn crate::sql::Param; 3] = [&scope.account, &scope.environment, &by_ms];
    for statement in [
        "UPDATE environment SET clock_offset_ms = clock_offset_ms + $3 WHERE account_id = $1 AND sandbox = $2",
        "UPDATE task SET run_at = run_at - $3 WHERE account_id = $1 AND sandbox = $2 AND dead = 0",
        "UPDATE delivery SET run_at = run_at - $3 WHERE account_id = $1 AND sandbox = $2 AND state = 'waiting'",
        "UPDATE destination SET due_at = due_at - $3 WHERE id IN (SELECT destination_id FROM delivery \
         WHERE account_id = $1 AND sandbox = $2 AND state = 'waiting') AND due_at <> busy_until",
    ] {
        tx.execute(statement, &params)?;
    }
    tx.leave(Chore::Task, AT_ONCE);
    tx.leave(Chore::Delivery, AT_ONCE);
    Ok(())
}

/// Keeps the sandbox's robot settings.
pub fn set_robot(tx: &mut Tx<'_>, scope: Scope, settings: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE environment SET robot = $3 WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment, &settings],
    )?;
    Ok(())
}

/// True if steps by hand send no callbacks in this sandbox.
pub fn controls_silent(tx: &mut Tx<'_>, scope: Scope) -> Result<bool, Error> {
    let silent = tx.query_opt(
        "SELECT controls_silent FROM environment WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment],
        Row::take,
    )?;
    Ok(silent.unwrap_or(false))
}

/// Sets whether steps by hand send callbacks in this sandbox.
pub fn set_controls_silent(tx: &mut Tx<'_>, scope: Scope, silent: bool) -> Result<(), Error> {
    tx.execute(
        "UPDATE environment SET controls_silent = $3 WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment, &silent],
    )?;
    Ok(())
}

/// Sets the sandbox's clock back to the real one (a wipe).
pub fn reset_clock(tx: &mut Tx<'_>, scope: Scope) -> Result<(), Error> {
    tx.execute(
        "UPDATE environment SET clock_offset_ms = 0 WHERE account_id = $1 AND sandbox = $2",
        &[&scope.account, &scope.environment],
    )?;
    Ok(())
}

/// Translators whom the account prefers: translator, pair and tier.
pub fn preferences(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Preference>, Error> {
    tx.query_all(
        "SELECT translator_id, lc_src, lc_tgt, tier, \
           (SELECT COUNT(*) FROM claim c JOIN claim_job cj ON cj.account_id = c.account_id AND cj.claim_id = c.id \
            WHERE c.account_id = $1 AND c.sandbox = $2 AND c.translator_id = preference.translator_id \
            AND c.state = 'finished'), \
           (SELECT COALESCE(MAX(created_at), 0) FROM claim c WHERE c.account_id = $1 AND c.sandbox = $2 \
            AND c.translator_id = preference.translator_id) \
         FROM preference WHERE account_id = $1 AND sandbox = $2 ORDER BY lc_src, lc_tgt, tier, translator_id",
        &[&scope.account, &scope.environment],
        |row| {
            Ok(Preference {
                translator: row.take()?,
                lc_src: row.take()?,
                lc_tgt: row.take()?,
                tier: row.take()?,
                jobs: row.take()?,
                last_seen: row.take()?,
            })
        },
    )
}

/// A preferred translator for a pair and tier.
#[derive(Clone, Debug)]
pub struct Preference {
    /// Who.
    pub translator: TranslatorId,
    /// Source language.
    pub lc_src: String,
    /// Target language.
    pub lc_tgt: String,
    /// Tier.
    pub tier: String,
    /// Jobs finished for this account.
    pub jobs: i64,
    /// When they last took a job of this account.
    pub last_seen: Timestamp,
}

/// Writes an account's settings.
pub fn update(tx: &mut Tx<'_>, account: &Account) -> Result<(), Error> {
    tx.execute(
        "UPDATE account SET suspended = $2, auto_approve = $3, rating_required = $4, review_hours = $5 WHERE id = $1",
        &[
            &account.id,
            &account.suspended,
            &account.auto_approve,
            &account.rating_required,
            &account.review_hours,
        ],
    )?;
    Ok(())
}
