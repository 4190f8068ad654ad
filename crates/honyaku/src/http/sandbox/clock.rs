//! The test clock: puts a sandbox's time forward and runs everything that falls due on the
//! way, in order of due time. Source: sandbox 6.

use crate::http::answer::Answer;
use crate::http::api_v2::fields;
use crate::http::call::Call;
use crate::http::failure::Failure;
use crate::work::{callbacks, tasks};
use domain::event::Actor;
use domain::ids::Timestamp;
use serde_json::json;
use service::{Context, clock};
use std::time::{Duration, Instant};
use store::sql::Tx;

const FORWARD_MOST_S: i64 = 400 * 24 * 3600;
/// Things that one call runs; a robot that never rests must not keep a call for ever.
const RUNS_MOST: usize = 20_000;
/// Things that one call lists; the feed and the log have the rest.
const LISTED_MOST: i64 = 20_000;
/// How long one call goes on, and how often it looks for what workers hold.
const PATIENCE: Duration = Duration::from_secs(45);
const BREATH: Duration = Duration::from_millis(5);

/// `POST sandbox/clock`
pub async fn forward(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let refuse = |fault| call.fault(&fault);
    let by_s = fields::integer(data.get("forward"), "forward", 1352).map_err(refuse)?;
    let to_next = fields::boolean(data.get("to_next"), "to_next", 1352).map_err(refuse)?.unwrap_or(false);
    if by_s.is_some_and(|by_s| !(0..=FORWARD_MOST_S).contains(&by_s)) {
        let text = format!("is outside: send 0 to {FORWARD_MOST_S} seconds");
        return Err(refuse(fields::fault(1352, "forward", text)));
    }
    settle(&call).await?;
    let (start, ahead_ms, mark) =
        call.read(|tx, ctx| Ok((ctx.now, clock::ahead_ms(ctx), clock::mark(tx, ctx)?))).await?;
    let target = match (by_s, to_next) {
        (Some(by_s), _) => start.plus_s(by_s),
        (None, true) => call.read(clock::next_due).await?.map_or(start, |next| next.max(start)),
        (None, false) => start,
    };
    let mut hand = Hand { call: &call, ahead_ms };
    let reached = hand.run_until(target).await?;
    if reached {
        hand.step_to(target).await?;
    }
    let show = move |tx: &mut Tx<'_>, ctx: &Context| {
        let mut shown = clock::show(ctx);
        shown["events"] = clock::happened_since(tx, ctx, mark, LISTED_MOST)?.into();
        Ok(shown)
    };
    let mut answer = call.read(show).await?;
    if !reached {
        // Ask again: the rest is due still.
        answer["unfinished"] = json!(1);
    }
    Ok(answer.into())
}

/// What moves the clock in one call.
struct Hand<'c> {
    call: &'c Call,
    /// How far it is ahead by what was done here; less means that the sandbox was wiped.
    ahead_ms: i64,
}

impl Hand<'_> {
    /// Runs what is due until `target`, moving the clock to each due time on the way. False: it
    /// did not come so far, for so much is to be done or the sandbox was wiped.
    async fn run_until(&mut self, target: Timestamp) -> Result<bool, Failure> {
        let mut ran = 0;
        let end = Instant::now() + PATIENCE;
        while ran < RUNS_MOST && Instant::now() < end {
            let next = self.call.read(clock::next_due).await?.filter(|next| *next <= target);
            let Some(next) = next else { return Ok(true) };
            if !self.step_to(next).await? {
                return Ok(false);
            }
            if run_one(self.call).await? {
                ran += 1;
            } else {
                // A worker was faster and is still at it: its row is there until it is done.
                tokio::time::sleep(BREATH).await;
            }
            settle(self.call).await?;
        }
        Ok(false)
    }

    /// False: the sandbox was wiped.
    async fn step_to(&mut self, to: Timestamp) -> Result<bool, Failure> {
        let before = self.ahead_ms;
        let step = move |tx: &mut Tx<'_>, ctx: &Context| clock::forward_to(tx, ctx, to, before);
        let ahead = self.call.run(Actor::Sandbox, step).await?;
        self.ahead_ms = ahead.unwrap_or(self.ahead_ms);
        Ok(ahead.is_some())
    }
}

/// Makes deliveries of new events, so that they are due too.
async fn settle(call: &Call) -> Result<(), Failure> {
    let fan_out = async || {
        callbacks::fan_out(&call.app).await.map_err(|error| Failure::from_service(error, call.origin()))
    };
    while fan_out().await?.rest {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// Runs the scope's next task that is due, or the next delivery if there is none. False: workers were faster.
async fn run_one(call: &Call) -> Result<bool, Failure> {
    let scope = call.caller()?.scope();
    let broken = |error| Failure::from_service(error, call.origin());
    Ok(tasks::run_next_of(&call.app, scope).await.map_err(broken)?
        || callbacks::run_next_of(&call.app, scope).await.map_err(broken)?)
}
