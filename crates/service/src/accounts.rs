//! Accounts, their people and their keys.

use crate::context::{Context, Desk};
use crate::error::Error;
use crate::secrets;
use domain::fault::Fault;
use domain::ids::*;
use domain::money::Currency;
use store::accounts::{self, Account, Person};
use store::inboxes;
use store::installation;
use store::keys::{self, Key};
use store::sql::{self, Tx};

/// What an account starts with.
pub struct NewAccount<'a> {
    /// Its name.
    pub name: &'a str,
    /// A name without spaces.
    pub short_name: &'a str,
    /// Never changed later.
    pub currency: Currency,
}

/// Makes an account with its live and its sandbox environment and the sandbox's inbox.
pub fn add(tx: &mut Tx<'_>, new: &NewAccount<'_>, now: Timestamp) -> Result<AccountId, Error> {
    let short = new.short_name;
    let fits =
        !short.is_empty() && short.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !fits {
        let text = format!("{short:?} is no short name: use letters, digits, - _ and .");
        return Err(Fault::new(1352, text).of("short_name").into());
    }
    let account = Account {
        id: AccountId(tx.reserve_id("account")?),
        name: new.name.to_owned(),
        short_name: short.to_owned(),
        currency: new.currency,
        suspended: false,
        auto_approve: false,
        review_hours: None,
        rating_required: false,
        created_at: now,
    };
    accounts::insert(tx, &account).map_err(|error| taken(error, "short_name", short))?;
    inboxes::insert(tx, account.id, &secrets::letters(32)?, now)?;
    Ok(account.id)
}

fn taken(error: sql::Error, field: &str, value: &str) -> Error {
    match error {
        sql::Error::Constraint(_) => Fault::new(1352, format!("{field} {value:?} is taken")).of(field).into(),
        other => other.into(),
    }
}

/// Who a person is.
pub struct NewPerson<'a> {
    /// The account of a customer.
    pub account: Option<AccountId>,
    /// The address they sign in with.
    pub email: &'a str,
    /// Their name.
    pub name: &'a str,
    /// customer, translator or operator.
    pub role: &'a str,
    /// Made by `secrets::hash_password`, which is slow: outside the transaction.
    pub password_hash: String,
}

/// Makes a person's sign-in.
pub fn add_person(tx: &mut Tx<'_>, new: NewPerson<'_>, now: Timestamp) -> Result<PersonId, Error> {
    if !new.email.contains('@') {
        return Err(Fault::new(1352, format!("{:?} is no e-mail address", new.email)).of("email").into());
    }
    let person = Person {
        id: PersonId(tx.reserve_id("person")?),
        account: new.account,
        email: new.email.to_ascii_lowercase(),
        full_name: new.name.to_owned(),
        display_name: new.name.to_owned(),
        language_code: "en".to_owned(),
        role: new.role.to_owned(),
        password_hash: new.password_hash,
    };
    accounts::insert_person(tx, &person, now).map_err(|error| taken(error, "email", &person.email))?;
    Ok(person.id)
}

/// The API's versions; a new key may be used with all of them.
pub const VERSIONS: [&str; 3] = ["v1", "v1.1", "v2"];

/// A key pair as its owner sees it, once.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The public half.
    pub public: String,
    /// The private half.
    pub private: String,
}

/// Makes a key. A sandbox key sends its callbacks to the sandbox's first inbox.
pub fn add_key(
    tx: &mut Tx<'_>,
    desk: &Desk,
    scope: Scope,
    name: &str,
    now: Timestamp,
) -> Result<KeyPair, Error> {
    let pair = new_pair(scope.environment)?;
    import_key(tx, desk, scope, name, &pair, now)?;
    Ok(pair)
}

fn new_pair(environment: Environment) -> Result<KeyPair, Error> {
    let prefix = prefix(environment);
    Ok(KeyPair {
        public: format!("{prefix}_pk_{}", secrets::letters(32)?),
        private: format!("{prefix}_sk_{}", secrets::letters(32)?),
    })
}

/// How both halves of our keys begin: a key shows which environment it is for.
fn prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "hy_live",
        Environment::Sandbox => "hy_test",
    }
}

/// A pair that was made for one environment is not taken for the other one.
fn check_environment(pair: &KeyPair, environment: Environment) -> Result<(), Error> {
    let (other, cure) = match environment {
        Environment::Live => (prefix(Environment::Sandbox), "add --sandbox, or bring a live key"),
        Environment::Sandbox => (prefix(Environment::Live), "leave --sandbox out, or bring a sandbox key"),
    };
    for (flag, half) in [("--public", &pair.public), ("--private", &pair.private)] {
        if half.starts_with(&format!("{other}_")) {
            let text = format!("{flag} is \"{other}_…\", the other environment's: {cure}");
            return Err(Error::Command(text));
        }
    }
    Ok(())
}

/// Stores a key pair whose texts are given: made here, or brought from another service.
pub fn import_key(
    tx: &mut Tx<'_>,
    desk: &Desk,
    scope: Scope,
    name: &str,
    pair: &KeyPair,
    now: Timestamp,
) -> Result<KeyId, Error> {
    check_environment(pair, scope.environment)?;
    let [private_key, webhook_secret] = sealed_secrets(desk, pair)?;
    let callback_url = if scope.is_sandbox() { first_inbox(tx, desk, scope.account)? } else { None };
    let key = Key {
        id: KeyId(tx.reserve_id("api_key")?),
        scope,
        name: name.to_owned(),
        public_key: pair.public.clone(),
        private_key,
        webhook_secret,
        callback_url,
        callback_encoding: "form".to_owned(),
        callback_all: false,
        numbers_current: false,
        strict_ts: false,
        guard_identical: !scope.is_sandbox(),
        addresses: None,
        versions: VERSIONS.join(","),
        spending_limit: None,
        spent: 0,
        test_run: None,
        successor: None,
        revoked_at: None,
        created_at: now,
        suspended: false,
    };
    keys::insert(tx, &key).map_err(|error| taken(error, "public_key", &pair.public))?;
    Ok(key.id)
}

/// The address of an account's first inbox, as the server is reached that serves it: a command may know another
/// address, or none. What the server is reached at later is put in its place then.
fn first_inbox(tx: &mut Tx<'_>, desk: &Desk, account: AccountId) -> Result<Option<String>, Error> {
    let here = installation::settle(tx, "public_url", &desk.public_url)?;
    let inbox = inboxes::of_account(tx, account)?.into_iter().next();
    Ok(inbox.map(|inbox| format!("{here}/inbox/{}", inbox.token)))
}

/// The private half and a new secret for callbacks, as they are stored.
fn sealed_secrets(desk: &Desk, pair: &KeyPair) -> Result<[Vec<u8>; 2], Error> {
    let webhook_secret = outbound::signature::new_secret(&secrets::random::<32>()?);
    Ok([
        secrets::seal(&desk.secret, pair.private.as_bytes())?,
        secrets::seal(&desk.secret, webhook_secret.as_bytes())?,
    ])
}

/// Makes a key that takes the place of another one, with its settings and what it has spent. The old one is
/// taken until `end`, and callbacks bear the signatures of both for as long. Contract: api-v2 8.
pub fn rotate_key(
    tx: &mut Tx<'_>,
    desk: &Desk,
    old: &Key,
    end: Timestamp,
    now: Timestamp,
) -> Result<KeyPair, Error> {
    let pair = new_pair(old.scope.environment)?;
    let [private_key, webhook_secret] = sealed_secrets(desk, &pair)?;
    let id = KeyId(tx.reserve_id("api_key")?);
    let public_key = pair.public.clone();
    let key = Key { id, public_key, private_key, webhook_secret, created_at: now, ..old.clone() };
    keys::insert(tx, &key)?;
    if keys::succeed(tx, old, id, end)? {
        return Ok(pair);
    }
    let text = format!("{} is revoked or was rotated before: rotate the key that is in use", old.public_key);
    Err(Error::Command(text))
}

/// The translators that the account prefers, by pair and tier, as the contract lists them.
pub fn preferred(tx: &mut Tx<'_>, ctx: &Context) -> Result<Vec<accounts::Preference>, Error> {
    Ok(accounts::preferences(tx, ctx.scope)?)
}
