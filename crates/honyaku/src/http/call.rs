//! One API call: who calls, with what parameters, and how it reaches a use case.

use super::answer::{Answer, Envelope};
use super::failure::Failure;
use super::fingerprint;
use crate::app::{App, real_now};
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::{JobId, OrderId, Scope, Timestamp};
use serde_json::Value;
use service::place_order::Foresight;
use service::{Context, Error};
use std::sync::Arc;
use store::accounts::Surroundings;
use store::keys::Key;
use store::replays::{self, Stored};
use store::sql::Tx;
use wire::json::Object;
use wire::params::{DataOutcome, Params};

const IDEMPOTENCY_LIFE_MS: i64 = 24 * 3600 * 1000;

/// Proof of authentication.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key that was used.
    pub key: Arc<Key>,
    /// What its environment said when the key was looked up.
    pub around: Surroundings,
}

impl Caller {
    /// Whose data the caller may see.
    pub fn scope(&self) -> Scope {
        self.key.scope
    }
}

/// A call after routing.
pub struct Call {
    /// The server.
    pub app: Arc<App>,
    /// Who calls. Methods that need nobody have none.
    pub caller: Option<Caller>,
    /// The values of the path's placeholders, in order.
    pub path: Vec<String>,
    /// The route's own path.
    pub route: &'static str,
    /// The method that counts.
    pub method: &'static str,
    /// Query, body, files.
    pub params: Params,
    /// What the answer looks like.
    pub envelope: Envelope,
    /// How long the body was.
    pub body_bytes: usize,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// What its use case will ask of the database, if that is known before.
    pub foresight: Option<Arc<Foresight>>,
}

impl Call {
    /// Where this server is reached.
    pub fn origin(&self) -> &str {
        &self.app.desk.public_url
    }

    /// A refusal with a code and what exactly was wrong.
    pub fn refuse(&self, code: u16, detail: impl Into<String>) -> Failure {
        Failure::new(code, detail, self.origin())
    }

    /// A refusal with one fault.
    pub fn fault(&self, fault: &Fault) -> Failure {
        Failure::of(fault, self.origin())
    }

    /// What the path names is not the caller's.
    pub fn no_such(&self, detail: impl Into<String>) -> Failure {
        self.fault(&Fault::new(404, detail)).within_the_api()
    }

    /// The caller of a method that needs one.
    pub fn caller(&self) -> Result<&Caller, Failure> {
        self.caller
            .as_ref()
            .ok_or_else(|| Failure::broken(format!("{} has no caller", self.route), self.origin()))
    }

    /// The members that the method works on. Call it once.
    pub fn data(&mut self) -> Result<DataOutcome, Failure> {
        self.params.data_object().map_err(|fault| {
            let fault = Fault::new(fault.code(), fault.to_string()).of("data");
            Failure::of(&fault, &self.app.desk.public_url)
        })
    }

    /// As `data`, for methods that can do without.
    pub fn data_if_any(&mut self) -> Result<Object, Failure> {
        self.params.method_is_get_like = true;
        self.data().map(|data| data.object)
    }

    /// The job in the path. Whatever is no id of this account's is answered alike.
    pub fn job(&self) -> Result<JobId, Failure> {
        let text = self.path.first().map_or("", String::as_str);
        if text.is_empty() {
            return Err(self.fault(
                &Fault::new(2050, "write the id into the path, as in translate/job/42").of("job_id"),
            ));
        }
        id(text).map(JobId).ok_or_else(|| {
            let shown = wire::json::shown_text(text);
            Failure::from_service(service::look::no_such_job(shown), self.origin())
        })
    }

    /// The order in the path.
    pub fn order(&self) -> Result<OrderId, Failure> {
        let text = self.path.first().map_or("", String::as_str);
        id(text).map(OrderId).ok_or_else(|| {
            let shown = wire::json::shown_text(text);
            Failure::from_service(service::look::no_such_order(shown), self.origin())
        })
    }

    /// A use case with its context, which is opened in its transaction.
    fn in_context<T, U: FnOnce(&mut Tx<'_>, &Context) -> Result<T, Error>>(
        &self,
        actor: Actor,
        use_case: U,
    ) -> Result<impl FnOnce(&mut Tx<'_>) -> Result<T, Error> + use<T, U>, Failure> {
        let (desk, scope, now) = (Arc::clone(&self.app.desk), self.caller()?.scope(), real_now());
        let key = self.caller()?.key.id;
        let foresight = self.foresight.clone();
        Ok(move |tx: &mut Tx<'_>| {
            if let Some(foresight) = foresight {
                foresight.tell(tx, scope);
            }
            let ctx = Context::open(tx, desk, scope, actor, now)?.called_with(key);
            use_case(tx, &ctx)
        })
    }

    /// Runs a use case that only reads. A replica ends reads that are in the way of what it receives:
    /// then the primary is asked.
    pub async fn read<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>, &Context) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Failure> {
        let (scope, db) = (self.caller()?.scope(), &self.app.db);
        let near = self.in_context(Actor::CustomerApi, closure.clone())?;
        let result = store::accounts::read_near(db, scope, near).await;
        if db.has_replica() && result.as_ref().is_err_and(Error::is_unavailable) {
            return self.read_on_primary(closure).await;
        }
        result.map_err(|error| Failure::from_service(error, self.origin()))
    }

    /// As `read`, never on a replica: for what is written without raising the environment's version, so that nothing says
    /// whether the replica has it.
    pub async fn read_on_primary<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let result = self.app.db.read(self.in_context(Actor::CustomerApi, closure)?).await;
        result.map_err(|error| Failure::from_service(error, self.origin()))
    }

    /// As `read`, for a use case that takes a few rows by their keys. Its context is what was read with
    /// the caller's key.
    pub async fn read_briefly<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let Caller { key, around } = self.caller()?.clone();
        let ctx =
            Context::with(Arc::clone(&self.app.desk), key.scope, Actor::CustomerApi, real_now(), around);
        let result = self.app.db.read_briefly(move |tx| closure(tx, &ctx));
        result.await.map_err(|error| Failure::from_service(error, self.origin()))
    }

    /// Runs a use case that writes and has no answer of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        actor: Actor,
        closure: impl FnOnce(&mut Tx<'_>, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let result = self.app.db.write_for(self.caller()?.scope(), self.in_context(actor, closure)?);
        let result = result.await.map_err(|error| Failure::from_service(error, self.origin()));
        self.app.stir();
        result
    }

    /// Runs a use case that writes, once for each `Idempotency-Key`: the answer is stored in
    /// the same transaction, and a second call with the key gets it byte for byte.
    pub async fn write(
        &self,
        data: &Object,
        closure: impl FnOnce(&mut Tx<'_>, &Context) -> Result<Value, Error> + Send + 'static,
    ) -> Result<Answer, Failure> {
        let Some(key) = self.idempotency_key.clone() else {
            return self.run(Actor::CustomerApi, closure).await.map(Answer::from);
        };
        let fingerprint = fingerprint::of_request(&fingerprint::Request {
            method: self.method,
            route: self.route,
            path: &self.path,
            format: self.envelope.format,
            data,
            files: &self.params.files,
        });
        let envelope = self.envelope.clone();
        let result = self.run(Actor::CustomerApi, move |tx, ctx| {
            if let Some(stored) = fresh(tx, ctx, &key)? {
                return Err(replay(stored, &fingerprint, &key));
            }
            let bytes = envelope.encode(closure(tx, ctx)?);
            let content_type = envelope.format.content_type();
            let stored = Stored { fingerprint, content_type: content_type.to_owned(), answer: bytes.clone() };
            replays::insert(tx, ctx.scope, &key, &stored, ctx.real_now)?;
            Ok(Answer::Encoded { content_type, bytes })
        });
        match result.await {
            Err(failure) => match failure.replay() {
                Ok(answer) => Ok(answer),
                Err(failure) => Err(*failure),
            },
            answer => answer,
        }
    }
}

fn fresh(tx: &mut Tx<'_>, ctx: &Context, key: &str) -> Result<Option<Stored>, Error> {
    let oldest = Timestamp(ctx.real_now.0 - IDEMPOTENCY_LIFE_MS);
    replays::forget_one_before(tx, ctx.scope, key, oldest)?;
    Ok(replays::find(tx, ctx.scope, key)?)
}

fn replay(stored: Stored, fingerprint: &[u8], key: &str) -> Error {
    if stored.fingerprint == fingerprint {
        return Error::Replay(stored);
    }
    let shown = wire::json::shown_text(key);
    let text = format!(
        "the Idempotency-Key {shown} was used with a different request; use a new key for a new request"
    );
    Fault::new(1754, text).of("Idempotency-Key").into()
}

/// An id as clients write it: digits, below 2^63.
pub fn id(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
