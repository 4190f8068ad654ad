//! Who calls: the checks of api-v2 2, in their order.

use super::call::Caller;
use super::failure::Failure;
use super::lookups;
use crate::app::{App, real_now};
use domain::fault::Fault;
use domain::ids::Environment;
use service::secrets;
use std::net::IpAddr;
use std::sync::Arc;
use store::keys::Key;
use wire::params::Params;
use wire::signature;

/// How far off the time of a signature may be with a key that is set to be strict.
const STRICT_S: i64 = 300;

/// What a method asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A signature.
    Signed,
    /// A key; a signature sent along is not looked at.
    KeyOnly,
}

/// How the call came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The environment of the address that was called.
    pub environment: Environment,
    /// Which API: `v2`.
    pub version: &'static str,
    /// Who is at the other end, proxies believed where that is set.
    pub peer: IpAddr,
    /// The connection is encrypted, here or at a trusted proxy.
    pub secure: bool,
    /// User and password of HTTP Basic.
    pub basic: Option<(String, String)>,
    /// A path of the sandbox's control API.
    pub control: bool,
}

/// Checks key, signature and everything that a key can be limited to.
pub async fn authenticate(
    app: &Arc<App>,
    arrival: &Arrival,
    params: &Params,
    access: Access,
) -> Result<Caller, Failure> {
    let refuse = |fault: Fault| Failure::of(&fault, &app.desk.public_url);
    let denied = |detail: String| refuse(Fault::new(1000, detail));
    let basic = arrival.basic.as_ref();
    let required = |code: u16, name: &str| {
        let text = format!("send {name} as a parameter of the query string or of the form");
        refuse(Fault::new(code, text).of(name))
    };
    let public_key = params.api_key.clone().or_else(|| basic.map(|(user, _)| user.clone()));
    let public_key = public_key.ok_or_else(|| required(1150, "api_key"))?;
    let by_basic = params.api_sig.is_none() && basic.is_some();
    let mut ts = 0;
    if access == Access::Signed && !by_basic {
        params.api_sig.as_ref().ok_or_else(|| required(1100, "api_sig"))?;
        let text = params.ts.as_ref().ok_or_else(|| required(1200, "ts"))?;
        ts = signature::parse_ts(text).map_err(|_| {
            let shown = wire::json::shown_text(text);
            refuse(Fault::new(1201, format!("{shown} is no number: send the seconds since 1970")).of("ts"))
        })?;
    }
    let found = lookups::find(app, public_key).await;
    let found = found.map_err(|error| Failure::from_service(error, &app.desk.public_url))?;
    let wrong = || {
        let text = "the key is not known here or was revoked, or the signature does not fit: api_sig is the hex HMAC-SHA1 of the text of ts, with the private key";
        denied(text.to_owned())
    };
    let Some((key, around)) = found.filter(|(key, _)| !key.is_revoked(real_now())) else {
        return Err(count_wrong(app, arrival, wrong()));
    };
    if access == Access::Signed {
        let private = secrets::unseal(&app.desk.secret, &key.private_key)
            .map_err(|error| Failure::from_service(error, &app.desk.public_url))?;
        let right = match (by_basic, basic) {
            (true, Some((_, password))) => {
                if !arrival.secure && !arrival.peer.is_loopback() {
                    return Err(denied(
                        "HTTP Basic is accepted over HTTPS only; sign the call or use HTTPS".into(),
                    ));
                }
                signature::sign(&private, "basic") == signature::sign(password, "basic")
            }
            _ => {
                let (ts, sig) = (params.ts.as_deref().unwrap_or(""), params.api_sig.as_deref().unwrap_or(""));
                signature::matches(&private, ts, sig)
            }
        };
        if !right {
            return Err(count_wrong(app, arrival, wrong()));
        }
        if !by_basic {
            check_window(app, &key, ts).map_err(denied)?;
        }
    }
    check_limits(app, arrival, &key).map_err(denied)?;
    Ok(Caller { key, around })
}

fn count_wrong(app: &App, arrival: &Arrival, failure: Failure) -> Failure {
    match app.throttle.wrong_signature(arrival.peer) {
        Ok(_) => failure,
        Err(exhausted) => {
            let wait_s = exhausted.wait_s;
            Failure::too_many(
                &format!("too many calls with a wrong signature from this address; try again in {wait_s} s"),
                wait_s,
                &app.desk.public_url,
            )
        }
    }
}

fn check_window(app: &App, key: &Key, ts: i64) -> Result<(), String> {
    let now = real_now().seconds();
    let (back, ahead) = (app.edge.signature_back_s, app.edge.signature_ahead_s);
    let (back, ahead) = if key.strict_ts { (back.min(STRICT_S), ahead.min(STRICT_S)) } else { (back, ahead) };
    if ts < now.saturating_sub(back) || ts > now.saturating_add(ahead) {
        let text = format!(
            "ts {ts} is too old or ahead: this server's time is {now}; {back} s back and {ahead} s ahead are accepted"
        );
        return Err(text);
    }
    Ok(())
}

fn check_limits(app: &App, arrival: &Arrival, key: &Key) -> Result<(), String> {
    if key.suspended {
        return Err("the account is suspended; ask the operator".into());
    }
    check_environment(app, arrival, key.scope.environment)?;
    if !key.versions.split(',').any(|version| version.trim() == arrival.version) {
        return Err(format!("this key may not use the API {}; it may use {}", arrival.version, key.versions));
    }
    if let Some(addresses) = &key.addresses {
        let peer = arrival.peer.to_canonical().to_string();
        if !addresses.split(',').any(|address| address.trim() == peer) {
            return Err(format!("this key may not be used from the address {peer}"));
        }
    }
    Ok(())
}

fn check_environment(app: &App, arrival: &Arrival, of_key: Environment) -> Result<(), String> {
    let right = app.desk.api_base(of_key);
    match (arrival.environment, of_key) {
        (_, Environment::Live) if arrival.control => {
            Err("this is a live key; the sandbox's controls work with sandbox keys only".into())
        }
        (Environment::Sandbox, Environment::Live) => {
            Err(format!("this is a live key; use it with the base URL {right}"))
        }
        (Environment::Live, Environment::Sandbox) if !app.edge.key_selects_environment => {
            Err(format!("this is a sandbox key; use it with the base URL {right}"))
        }
        (_, Environment::Live) if !app.edge.live => Err("this server has no live environment".into()),
        (_, Environment::Sandbox) if !app.edge.sandbox => Err("this server has no sandbox".into()),
        _ => Ok(()),
    }
}
