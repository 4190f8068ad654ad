//! For whom a use case works, who acts, and what time it is.
//!
//! A sandbox has its own clock: real time plus an offset. What is shown and stored is the
//! environment's time; when a task is due is real time, because the worker's clock is.

use crate::error::Error;
use domain::event::Actor;
use domain::ids::{AccountId, Environment, GroupId, KeyId, Scope, Timestamp};
use domain::ledger::Book;
use domain::money::Money;
use robot::settings::Settings;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use store::accounts::{self, Account, Surroundings};
use store::keys::Key;
use store::sql::Tx;

/// Settings of the installation that use cases need.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Where people and clients reach this server, without a slash at the end.
    pub public_url: String,
    /// Where they did before: stored addresses may name it.
    pub former_urls: Vec<String>,
    /// Where the live API is reached instead, if it has a host of its own.
    pub live_url: Option<String>,
    /// The same of the sandbox's API.
    pub sandbox_url: Option<String>,
    /// The installation's secret: seals private keys, makes captchas.
    pub secret: [u8; 32],
    /// Rejecting always needs a captcha; otherwise one that is sent is checked.
    pub captcha_always: bool,
    /// The review period of accounts that have none of their own, in hours.
    pub review_hours: u32,
    /// The most credits that a sandbox may hold, as a figure of any currency.
    pub sandbox_max_credits: Money,
    /// Sandboxes send mail too.
    pub sandbox_mail: bool,
    /// The most jobs that a sandbox may hold.
    pub sandbox_max_jobs: i64,
}

impl Desk {
    /// What follows in an address below this server's own, or a former one of its.
    pub fn own_path<'u>(&self, url: &'u str) -> Option<&'u str> {
        let below = |base: &String| url.strip_prefix(base).filter(|path| path.starts_with('/'));
        below(&self.public_url).or_else(|| self.former_urls.iter().find_map(below))
    }

    /// The address of something of this server's that is stored under its address of the time.
    pub fn as_now(&self, url: &str) -> String {
        match self.own_path(url) {
            Some(path) => format!("{}{path}", self.public_url),
            None => url.to_owned(),
        }
    }

    /// The base URL of an environment's API. Contract: sandbox.md 1.1.
    pub fn api_base(&self, environment: Environment) -> String {
        match (environment, &self.live_url, &self.sandbox_url) {
            (Environment::Live, Some(own), _) | (Environment::Sandbox, _, Some(own)) => format!("{own}/v2/"),
            (Environment::Live, None, _) => format!("{}/v2/", self.public_url),
            (Environment::Sandbox, _, None) => format!("{}/sandbox/v2/", self.public_url),
        }
    }
}

/// For whom, by whom and when.
#[derive(Clone, Debug)]
pub struct Context {
    /// The installation's settings.
    pub desk: Arc<Desk>,
    /// Whose data.
    pub scope: Scope,
    /// Who acts.
    pub actor: Actor,
    /// The key that calls, if one does.
    pub key: Option<KeyId>,
    /// Now, by the environment's clock.
    pub now: Timestamp,
    /// Now, really.
    pub real_now: Timestamp,
    /// The sandbox's robot settings as stored when the call began.
    robot: Option<String>,
    /// How many jobs the sandbox held then.
    pub sandbox_jobs: i64,
    memo: RefCell<Memo>,
}

/// What one transaction would otherwise read again for each of thousands of jobs.
#[derive(Clone, Debug, Default)]
struct Memo {
    account: Option<Account>,
    robot: Option<Settings>,
    keys: HashMap<KeyId, Option<Key>>,
    group_units: HashMap<GroupId, i64>,
}

impl Context {
    /// The context of one call; locks the environment and reads its clock.
    pub fn open(
        tx: &mut Tx<'_>,
        desk: Arc<Desk>,
        scope: Scope,
        actor: Actor,
        real_now: Timestamp,
    ) -> Result<Self, Error> {
        let around = accounts::lock_environment(tx, scope)?;
        Ok(Self::with(desk, scope, actor, real_now, around))
    }

    /// The context of a call that only takes a look: what its environment said a moment ago will do, though
    /// its clock may have been put forward since.
    pub fn with(
        desk: Arc<Desk>,
        scope: Scope,
        actor: Actor,
        real_now: Timestamp,
        around: Surroundings,
    ) -> Self {
        let now = real_now.plus_ms(around.ahead_ms);
        let memo = RefCell::new(Memo { account: around.account, ..Memo::default() });
        let (robot, sandbox_jobs) = (around.robot, around.jobs);
        Self { desk, scope, actor, key: None, now, real_now, robot, sandbox_jobs, memo }
    }

    /// A real moment by the environment's clock, as it is shown.
    pub fn shown(&self, real: Timestamp) -> Timestamp {
        self.now.plus_ms(real.since_ms(self.real_now))
    }

    /// The same, of a call with a key.
    pub fn called_with(mut self, key: KeyId) -> Self {
        self.key = Some(key);
        self
    }

    /// The context of work on a live environment that needs no lock: the clock there is the real one.
    pub(crate) fn live(desk: Arc<Desk>, account: AccountId, actor: Actor, real_now: Timestamp) -> Self {
        let scope = Scope { account, environment: Environment::Live };
        Self {
            desk,
            scope,
            actor,
            key: None,
            now: real_now,
            real_now,
            robot: None,
            sandbox_jobs: 0,
            memo: RefCell::default(),
        }
    }

    /// The same occasion with somebody else acting.
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The real time at which the environment's clock shows `at`.
    pub fn real(&self, at: Timestamp) -> Timestamp {
        self.real_now.plus_ms(at.since_ms(self.now))
    }

    /// The sandbox's robot settings, as they were when the call began.
    pub fn robot(&self) -> Result<Settings, Error> {
        if let Some(known) = self.memo.borrow().robot.clone() {
            return Ok(known);
        }
        let settings = settings(self.robot.as_deref().unwrap_or("{}"))?;
        self.memo.borrow_mut().robot = Some(settings.clone());
        Ok(settings)
    }

    /// The account.
    pub fn account(&self, tx: &mut Tx<'_>) -> Result<Account, Error> {
        if let Some(known) = self.memo.borrow().account.clone() {
            return Ok(known);
        }
        let account = accounts::find(tx, self.scope.account)?
            .ok_or_else(|| Error::Broken(format!("no account {}", self.scope.account)))?;
        self.memo.borrow_mut().account = Some(account.clone());
        Ok(account)
    }

    /// The key with this id or the one that took its place.
    pub fn key(&self, tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Key>, Error> {
        if let Some(known) = self.memo.borrow().keys.get(&id) {
            return Ok(known.clone());
        }
        let key = store::keys::current(tx, self.scope, id)?;
        self.memo.borrow_mut().keys.insert(id, key.clone());
        Ok(key)
    }

    /// The units of a group that are still to be done.
    pub fn group_units(&self, tx: &mut Tx<'_>, group: GroupId) -> Result<i64, Error> {
        if let Some(known) = self.memo.borrow().group_units.get(&group) {
            return Ok(*known);
        }
        let units = store::jobs::group_units(tx, self.scope, group)?;
        self.memo.borrow_mut().group_units.insert(group, units);
        Ok(units)
    }

    /// The set of books of this environment.
    pub fn book(&self) -> Book {
        book_of(self.scope)
    }
}

thread_local! {
    /// The settings that were read last: most calls are of sandboxes with the same ones.
    static LAST_READ: RefCell<Option<(String, Settings)>> = const { RefCell::new(None) };
}

fn settings(text: &str) -> Result<Settings, Error> {
    LAST_READ.with_borrow_mut(|last| match last {
        Some((known, settings)) if known == text => Ok(settings.clone()),
        _ => {
            let settings: Settings = serde_json::from_str(text)
                .map_err(|error| Error::Broken(format!("stored robot settings: {error}")))?;
            *last = Some((text.to_owned(), settings.clone()));
            Ok(settings)
        }
    })
}

/// The set of books of an environment.
pub(crate) fn book_of(scope: Scope) -> Book {
    if scope.is_sandbox() { Book::Sandbox } else { Book::Live }
}
