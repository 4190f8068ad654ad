//! From a name to the addresses that may be connected to.
//!
//! The HTTP client asks the checked resolver below and connects to nothing that it did
//! not return, so there is no second lookup in which a name could change its mind
//! (DNS rebinding). One forbidden address refuses the whole name: a name that
//! mixes public and private addresses is a trick or a mistake.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::address::{Policy, Refused};

/// The addresses of a name, on their way.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Whatever can look names up. Tests bring their own.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a name, good and bad.
    fn lookup(&self, name: &str) -> Lookup;
}

/// The operating system's resolver: hosts file, DNS and whatever else is set up.
///
/// The system's call blocks a thread of a pool that others need too, and goes on
/// after the caller has given up. So there are at most [`LOOKUPS_AT_ONCE`] calls,
/// abandoned ones included; further callers wait within their connect timeout.
pub struct SystemResolver {
    places: Arc<Semaphore>,
}

/// Lookups in flight, less than the runtime's blocking threads (512).
pub const LOOKUPS_AT_ONCE: usize = 128;

impl Default for SystemResolver {
    fn default() -> Self {
        SystemResolver { places: Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)) }
    }
}

impl Resolver for SystemResolver {
    fn lookup(&self, name: &str) -> Lookup {
        let places = Arc::clone(&self.places);
        let name = name.to_owned();
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let call = move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                drop(place);
                found.map(|addresses| addresses.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(call).await.map_err(io::Error::other)?
        })
    }
}

/// A lookup that brought no address.
#[derive(Debug, Error)]
pub(crate) enum LookupFailed {
    #[error("{name} cannot be resolved: {cause}")]
    Error { name: String, cause: io::Error },
    #[error("{name} has no address")]
    NoAddress { name: String },
}

/// The client's only way to an address: looks a name up and judges all it finds.
pub(crate) struct CheckedResolver {
    pub(crate) policy: Policy,
    pub(crate) resolver: Arc<dyn Resolver>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        let name = name.as_str().to_owned();
        let lookup = self.resolver.lookup(&name);
        Box::pin(async move {
            let found = match lookup.await {
                Ok(found) => found,
                Err(cause) => return Err(LookupFailed::Error { name, cause }.into()),
            };
            if found.is_empty() {
                return Err(LookupFailed::NoAddress { name }.into());
            }
            if let Some(reason) = found.iter().find_map(|address| policy.refuses(*address)) {
                return Err(Refused::Address { host: name, reason }.into());
            }
            // Port 0 stands for the port of the URL.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_localhost() {
        let found = SystemResolver::default().lookup("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[tokio::test]
    async fn a_lookup_gives_its_place_back() {
        let resolver = SystemResolver { places: Arc::new(Semaphore::new(1)) };
        for _ in 0..3 {
            resolver.lookup("localhost").await.unwrap();
        }
        assert_eq!(resolver.places.available_permits(), 1);
    }
}
