//! How often callers may call: token buckets by address and by key. Contract: api-v2 9.

use domain::ids::Environment;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One kind of limit; none if it is switched off.
struct Bucket<K: Hash + Eq + Clone>(Option<Limiter<K>>);

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

/// The limits of the server.
pub struct Throttle {
    addresses: Bucket<IpAddr>,
    keys: Bucket<String>,
    sandbox_keys: Bucket<String>,
    wrong_signatures: Bucket<IpAddr>,
    inboxes: Bucket<String>,
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
}

/// What an inbox takes from outside, a minute. Source: sandbox 5.1.
const PER_INBOX: u32 = 60;

impl Throttle {
    /// With these limits.
    pub fn new(rates: Rates) -> Self {
        Self {
            addresses: Bucket::new(rates.per_address),
            keys: Bucket::new(rates.per_key),
            sandbox_keys: Bucket::new(rates.per_sandbox_key),
            wrong_signatures: Bucket::new(rates.wrong_signatures),
            inboxes: Bucket::new(PER_INBOX),
        }
    }

    /// A request from an address. The error is the seconds to wait.
    pub fn address(&self, address: IpAddr) -> Result<Option<Allowance>, u64> {
        self.addresses.take(&address)
    }

    /// A request with a key. The error is the seconds to wait.
    pub fn key(&self, environment: Environment, public_key: &str) -> Result<Option<Allowance>, u64> {
        let bucket = match environment {
            Environment::Live => &self.keys,
            Environment::Sandbox => &self.sandbox_keys,
        };
        bucket.take(&public_key.to_owned())
    }

    /// A request from outside to an inbox. The error is the seconds to wait.
    pub fn inbox(&self, token: &str) -> Result<Option<Allowance>, u64> {
        self.inboxes.take(&token.to_owned())
    }

    /// A wrong signature from an address. The error is the seconds to wait.
    pub fn wrong_signature(&self, address: IpAddr) -> Result<Option<Allowance>, u64> {
        self.wrong_signatures.take(&address)
    }

    /// Forgets callers that have been quiet.
    pub fn prune(&self) {
        self.addresses.prune();
        self.keys.prune();
        self.sandbox_keys.prune();
        self.inboxes.prune();
        self.wrong_signatures.prune();
    }
}

impl<K: Hash + Eq + Clone> Bucket<K> {
    fn new(per_minute: u32) -> Self {
        Self(NonZeroU32::new(per_minute).map(|limit| {
            RateLimiter::dashmap(Quota::per_minute(limit)).with_middleware::<StateInformationMiddleware>()
        }))
    }

    fn take(&self, key: &K) -> Result<Option<Allowance>, u64> {
        let Some(limiter) = &self.0 else { return Ok(None) };
        match limiter.check_key(key) {
            Ok(state) => {
                let limit = state.quota().burst_size().get();
                let remaining = state.remaining_burst_capacity();
                let missing = u64::from(limit.saturating_sub(remaining));
                Ok(Some(Allowance { limit, remaining, reset_s: (missing * 60).div_ceil(u64::from(limit)) }))
            }
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                Err(wait.max(Duration::from_secs(1)).as_secs_f64().ceil() as u64)
            }
        }
    }

    fn prune(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
        }
    }
}
