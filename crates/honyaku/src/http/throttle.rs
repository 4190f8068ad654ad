//! How often callers may call: token buckets by address and by key. Contract: api-v2 9.

use domain::ids::Environment;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One kind of limit; none if it is switched off.
struct Bucket<K: Hash + Eq + Clone> {
    /// What it is called between nodes.
    name: &'static str,
    limiter: Option<Limiter<K>>,
}

/// Requests since the nodes last told each other, by limit and caller.
type Used = Mutex<HashMap<String, u32>>;

/// What the headers say about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a minute.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds until all are there again.
    pub reset_s: u64,
}

/// A limit that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Requests a minute.
    pub limit: u32,
    /// Seconds until one more is accepted.
    pub wait_s: u64,
}

impl Exhausted {
    /// What the headers say about it.
    pub fn allowance(self) -> Allowance {
        Allowance { limit: self.limit, remaining: 0, reset_s: 60 }
    }
}

/// The limits of the server.
pub struct Throttle {
    addresses: Bucket<IpAddr>,
    keys: Bucket<String>,
    sandbox_keys: Bucket<String>,
    wrong_signatures: Bucket<IpAddr>,
    captchas: Bucket<IpAddr>,
    inboxes: Bucket<String>,
    /// None while there is one node only.
    used: Option<Used>,
}

/// Requests a minute; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// From one address.
    pub per_address: u32,
    /// With one live key.
    pub per_key: u32,
    /// With one sandbox key.
    pub per_sandbox_key: u32,
    /// With a wrong signature, from one address.
    pub wrong_signatures: u32,
    /// Captchas seen or heard, from one address.
    pub captchas: u32,
}

/// What an inbox takes from outside, a minute. Source: sandbox 5.1.
const PER_INBOX: u32 = 60;

impl Throttle {
    /// With these limits; `shared` if there may be other nodes.
    pub fn new(rates: Rates, shared: bool) -> Self {
        Self {
            addresses: Bucket::new("address", rates.per_address),
            keys: Bucket::new("key", rates.per_key),
            sandbox_keys: Bucket::new("sandbox_key", rates.per_sandbox_key),
            wrong_signatures: Bucket::new("wrong_signature", rates.wrong_signatures),
            captchas: Bucket::new("captcha", rates.captchas),
            inboxes: Bucket::new("inbox", PER_INBOX),
            used: shared.then(Used::default),
        }
    }

    /// A request from an address.
    pub fn address(&self, address: IpAddr) -> Result<Option<Allowance>, Exhausted> {
        self.addresses.take(&address, self.used.as_ref())
    }

    /// A request with a key.
    pub fn key(&self, environment: Environment, public_key: &str) -> Result<Option<Allowance>, Exhausted> {
        let bucket = match environment {
            Environment::Live => &self.keys,
            Environment::Sandbox => &self.sandbox_keys,
        };
        bucket.take(&public_key.to_owned(), self.used.as_ref())
    }

    /// A request from outside to an inbox.
    pub fn inbox(&self, token: &str) -> Result<Option<Allowance>, Exhausted> {
        self.inboxes.take(&token.to_owned(), self.used.as_ref())
    }

    /// A wrong signature from an address.
    pub fn wrong_signature(&self, address: IpAddr) -> Result<Option<Allowance>, Exhausted> {
        self.wrong_signatures.take(&address, self.used.as_ref())
    }

    /// A captcha shown or spoken to an address.
    pub fn captcha(&self, address: IpAddr) -> Result<Option<Allowance>, Exhausted> {
        self.captchas.take(&address, self.used.as_ref())
    }

    /// True if other nodes are to be told.
    pub fn is_shared(&self) -> bool {
        self.used.is_some()
    }

    /// What was used since the last time this was asked.
    pub fn used(&self) -> HashMap<String, u32> {
        let used = self.used.as_ref().map(|used| used.lock().unwrap_or_else(PoisonError::into_inner));
        used.map(|mut used| std::mem::take(&mut *used)).unwrap_or_default()
    }

    /// Takes off what another node's callers used.
    pub fn used_elsewhere(&self, subject: &str, requests: u32) {
        let Some((name, caller)) = subject.split_once(' ') else { return };
        let by_address = [&self.addresses, &self.wrong_signatures, &self.captchas];
        for bucket in by_address.into_iter().filter(|bucket| bucket.name == name) {
            if let Ok(address) = caller.parse() {
                bucket.take_elsewhere(&address, requests);
            }
        }
        let by_text = [&self.keys, &self.sandbox_keys, &self.inboxes];
        for bucket in by_text.into_iter().filter(|bucket| bucket.name == name) {
            bucket.take_elsewhere(&caller.to_owned(), requests);
        }
    }

    /// Forgets callers that have been quiet.
    pub fn prune(&self) {
        self.addresses.prune();
        self.keys.prune();
        self.sandbox_keys.prune();
        self.inboxes.prune();
        self.wrong_signatures.prune();
        self.captchas.prune();
    }
}

impl<K: Hash + Eq + Clone + Display> Bucket<K> {
    fn new(name: &'static str, per_minute: u32) -> Self {
        let limiter = NonZeroU32::new(per_minute).map(|limit| {
            RateLimiter::dashmap(Quota::per_minute(limit)).with_middleware::<StateInformationMiddleware>()
        });
        Self { name, limiter }
    }

    fn take_elsewhere(&self, key: &K, requests: u32) {
        let Some(limiter) = &self.limiter else { return };
        // One by one: what is more than the bucket holds empties it.
        for _ in 0..requests {
            if limiter.check_key(key).is_err() {
                return;
            }
        }
    }

    fn take(&self, key: &K, used: Option<&Used>) -> Result<Option<Allowance>, Exhausted> {
        let Some(limiter) = &self.limiter else { return Ok(None) };
        match limiter.check_key(key) {
            Ok(state) => {
                if let Some(used) = used {
                    let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
                    *used.entry(format!("{} {key}", self.name)).or_default() += 1;
                }
                let limit = state.quota().burst_size().get();
                let remaining = state.remaining_burst_capacity();
                let missing = u64::from(limit.saturating_sub(remaining));
                Ok(Some(Allowance { limit, remaining, reset_s: (missing * 60).div_ceil(u64::from(limit)) }))
            }
            Err(refused) => {
                metrics::counter!("honyaku_limited_total", "limit" => self.name).increment(1);
                let wait = refused.wait_time_from(DefaultClock::default().now());
                let wait_s = wait.max(Duration::from_secs(1)).as_secs_f64().ceil() as u64;
                Err(Exhausted { limit: refused.quota().burst_size().get(), wait_s })
            }
        }
    }

    fn prune(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates =
        Rates { per_address: 5, per_key: 5, per_sandbox_key: 5, wrong_signatures: 5, captchas: 5 };

    #[test]
    fn each_limit_is_told_and_taken_off_elsewhere() {
        type Ask = fn(&Throttle) -> Result<Option<Allowance>, Exhausted>;
        let asks: [(&str, Ask); 6] = [
            ("address", |throttle| throttle.address(IpAddr::from([192, 0, 2, 1]))),
            ("key", |throttle| throttle.key(Environment::Live, "a key")),
            ("sandbox_key", |throttle| throttle.key(Environment::Sandbox, "a key")),
            ("inbox", |throttle| throttle.inbox("a token")),
            ("wrong_signature", |throttle| throttle.wrong_signature(IpAddr::from([192, 0, 2, 1]))),
            ("captcha", |throttle| throttle.captcha(IpAddr::from([192, 0, 2, 1]))),
        ];
        for (name, ask) in asks {
            let (here, there) = (Throttle::new(RATES, true), Throttle::new(RATES, true));
            while ask(&here).is_ok() {}
            let used = here.used();
            assert_eq!(used.len(), 1, "{name}: {used:?}");
            assert!(here.used().is_empty(), "{name} is told once");
            for (subject, requests) in used {
                assert!(subject.starts_with(&format!("{name} ")), "{subject}");
                there.used_elsewhere(&subject, requests);
            }
            assert!(ask(&there).is_err(), "{name} is used up there too");
            let others = asks.iter().filter(|(other, _)| *other != name);
            others.for_each(|(other, ask)| assert!(ask(&there).is_ok(), "{other} is not {name}"));
            assert!(
                there.used().keys().all(|told| !told.starts_with(&format!("{name} "))),
                "what was heard is not told on"
            );
        }
    }
}
