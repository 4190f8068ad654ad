//! What an operator allows, and the check of a URL by its text alone.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use super::special::{Special, classify};

/// What this server may call beyond ordinary public addresses.
///
/// The default allows nothing more. Link-local addresses cannot be allowed:
/// clouds hand out credentials there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// 127.0.0.0/8, ::1 and `localhost`: for the demo and for tests.
    pub allow_loopback: bool,
    /// RFC 1918 networks and fc00::/7: for receivers in the operator's own network.
    pub allow_private: bool,
    /// Ports 1–1023 other than 80 and 443.
    pub allow_low_ports: bool,
}

impl Policy {
    /// Why this address may not be called under this policy.
    pub fn refuses(&self, address: IpAddr) -> Option<&'static str> {
        match classify(address)? {
            Special::Loopback if self.allow_loopback => None,
            Special::Private | Special::UniqueLocal if self.allow_private => None,
            special => Some(special.reason()),
        }
    }

    fn allows_port(&self, port: u16) -> bool {
        match port {
            80 | 443 => true,
            0 => false,
            1..=1023 => self.allow_low_ports,
            1024.. => true,
        }
    }
}

/// Why a target is not called. The text is shown to the customer, so it does
/// not tell which address a name has inside the operator's network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Neither http nor https.
    #[error("the URL must begin with http:// or https://, not {scheme}:")]
    Scheme {
        /// The scheme that came.
        scheme: String,
    },
    /// No host at all.
    #[error("the URL has no host")]
    NoHost,
    /// `https://user:password@host/`.
    #[error("the URL must not hold a user name or password")]
    UserInfo,
    /// A port of a system service.
    #[error("port {port} is not allowed: use 80, 443 or a port from 1024 up")]
    Port {
        /// The port that came.
        port: u16,
    },
    /// The host is, or resolves to, an address that is not public.
    #[error("{host} is not a public address ({reason})")]
    Address {
        /// The host as the URL has it.
        host: String,
        /// The kind of special address.
        reason: &'static str,
    },
}

/// Refuses what the URL's text already shows to be forbidden: its scheme, user
/// info, port, or a host that is an address (in any spelling) or `localhost`.
///
/// A resolver is never asked about an address literal, so this check is the only
/// one that such a host meets. Spellings such as `2130706433` or `0x7f.1` need no
/// rule here: parsing the [`Url`] has made addresses of them.
pub fn check_literal_host(url: &Url, policy: &Policy) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme { scheme: url.scheme().to_owned() });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo);
    }
    let host = url.host().ok_or(Refused::NoHost)?;
    if let Some(port) = url.port_or_known_default().filter(|port| !policy.allows_port(*port)) {
        return Err(Refused::Port { port });
    }
    let reason = match host {
        Host::Ipv4(address) => policy.refuses(address.into()),
        Host::Ipv6(address) => policy.refuses(address.into()),
        Host::Domain(name) => {
            (is_localhost(name) && !policy.allow_loopback).then_some(Special::Loopback.reason())
        }
    };
    match reason {
        None => Ok(()),
        Some(reason) => Err(Refused::Address { host: host.to_string(), reason }),
    }
}

/// `localhost` and all names below it mean this machine (RFC 6761), whatever DNS says.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}
