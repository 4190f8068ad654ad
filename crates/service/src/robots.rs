//! The sandbox's robot translators: they take, translate, hand in, answer and correct, each
//! by the same use cases as people. What they do and when follows the sandbox's settings,
//! and the instructions inside a job. Source: sandbox 3.

mod anew;
mod translation;

pub use anew::apply_to_open;
pub(crate) use anew::plan_anew;
pub use translation::translation;

use crate::context::Context;
use crate::error::Error;
use crate::timers::{self, Kind};
use crate::{claim, comment, estimate, submit, transition};
use domain::event::Actor;
use domain::ids::{JobId, TranslatorId};
use domain::job::{Event, Status};
use domain::language::UnitType;
use robot::instruction::{self, Delay, Instructions};
use robot::settings::{Mode, Settings, Step};
use serde_json::{Value, json};
use store::claims;
use store::jobs::{self, Job};
use store::sql::Tx;
use store::threads::{self, Subject};

const FIRST_ROBOT: i64 = 9001;
const FIRST_SENIOR: i64 = 9011;
/// Ten robots translate, ten are senior.
const ROBOTS: i64 = 10;

/// The instructions that a job carries, in its text or in the comments it was ordered with.
pub fn instructions(job: &Job) -> Instructions {
    instruction::parse(&job.body_src, job.instructions.as_deref().unwrap_or(""))
}

/// The lines of the order's and the job's comment that instruct the robot; kept with the job.
pub fn instruction_lines(ctx: &Context, of_order: Option<&str>, of_job: Option<&str>) -> Option<String> {
    if !ctx.scope.is_sandbox() {
        return None;
    }
    let lines: Vec<String> =
        [of_order, of_job].into_iter().flatten().filter_map(instruction::lines).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A translator for a job: another one in each round; a senior when the job asks for one.
pub fn pick(job: &Job) -> TranslatorId {
    let first = if instructions(job).senior { FIRST_SENIOR } else { FIRST_ROBOT };
    let turn = job.id.0.wrapping_add(job.round).rem_euclid(ROBOTS);
    TranslatorId(first + turn)
}

/// The editor of a job with an edit step.
pub fn pick_editor(job: &Job) -> TranslatorId {
    TranslatorId(FIRST_SENIOR + job.id.0.rem_euclid(ROBOTS))
}

/// The same numbers again for the same seed, text and step: a run can be repeated. Ids would not do,
/// they do not come back after a wipe.
fn chance(settings: &Settings, job: &Job, step: u64) -> u64 {
    let text = job.text_key.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mut mixed =
        settings.seed ^ text.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ step.wrapping_mul(0xD1B5_4A32_D192_ED03);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 31)
}

fn working(ctx: &Context) -> Result<Option<Settings>, Error> {
    if !ctx.scope.is_sandbox() {
        return Ok(None);
    }
    let settings = ctx.robot()?;
    Ok((settings.mode == Mode::Automatic).then_some(settings))
}

fn delay_ms(settings: &Settings, step: &Step, own: Option<&Delay>, job: &Job, number: u64) -> Option<i64> {
    match own {
        Some(Delay::After(ms)) => Some(*ms),
        Some(Delay::Never) => None,
        None => {
            let characters = estimate::unit_type(&job.lc_src) == UnitType::Character;
            let units = u64::try_from(job.unit_count).unwrap_or(0);
            step.delay_ms(units, characters, chance(settings, job, number))
        }
    }
}

/// How long the queue takes, in milliseconds.
pub(crate) fn queue_delay_ms(ctx: &Context) -> Result<i64, Error> {
    Ok(working(ctx)?.and_then(|settings| settings.queue.delay_ms(0, false, settings.seed)).unwrap_or(0))
}

/// How long the robot takes for a job, from a status on; none if no robot works here.
pub(crate) fn takes_s(ctx: &Context, lc_src: &str, units: u64, from: Status) -> Result<Option<i64>, Error> {
    let Some(settings) = working(ctx)? else { return Ok(None) };
    let characters = estimate::unit_type(lc_src) == UnitType::Character;
    let step = |step: &Step| step.estimate_s(units, characters);
    let (Some(queue), Some(take), Some(submit)) =
        (step(&settings.queue), step(&settings.take), step(&settings.submit))
    else {
        return Ok(None);
    };
    Ok(Some(match from {
        Status::Unpaid | Status::Queued => queue + take + submit,
        Status::Available => take + submit,
        _ => submit,
    }))
}

/// What the robot will do after a move, if it works here.
pub(crate) fn follow(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<(), Error> {
    let Some(settings) = working(ctx)? else { return Ok(()) };
    let own = instructions(job);
    let planned = match job.status {
        Status::Available => {
            (Kind::RobotTake, delay_ms(&settings, &settings.take, own.take.as_ref(), job, 1))
        }
        Status::Revising => {
            (Kind::RobotSubmit, delay_ms(&settings, &settings.revise, own.revise.as_ref(), job, 3))
        }
        Status::Hold => match own.release {
            Some(Delay::After(ms)) => (Kind::RobotRelease, Some(ms)),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    match planned {
        (kind, Some(ms)) => plan(tx, ctx, kind, job, ms),
        _ => Ok(()),
    }
}

fn plan(tx: &mut Tx<'_>, ctx: &Context, kind: Kind, job: &Job, after_ms: i64) -> Result<(), Error> {
    let at = ctx.now.plus_ms(after_ms);
    // A robot is as slow as it is set, however little time a person would have.
    if kind == Kind::RobotSubmit
        && job.deadline.is_some_and(|deadline| deadline < at)
        && let Some(claim) = claims::active_on(tx, ctx.scope, job.id)?
    {
        claim::give_time(tx, ctx, &claim, at)?;
    }
    timers::set(tx, ctx, kind, job.id.0, at, &json!({ "version": job.version }))
}

fn current(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<Option<Job>, Error> {
    let job = jobs::lock(tx, ctx.scope, id)?;
    Ok(job.filter(|job| timers::is_current(job, payload)))
}

/// The robot takes a job, with its group, and plans what comes next.
pub(crate) fn take(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<(), Error> {
    let Some(job) = current(tx, ctx, id, payload)? else { return Ok(()) };
    if job.status != Status::Available {
        return Ok(());
    }
    let ctx = &ctx.acting(Actor::Translator);
    let claim = claim::take(tx, ctx, id, pick(&job))?;
    for id in claims::active_jobs(tx, ctx.scope.account, claim)? {
        let Some(job) = jobs::lock(tx, ctx.scope, id)? else { continue };
        after_taking(tx, ctx, &job)?;
    }
    Ok(())
}

/// As whom the robot speaks about a job.
fn author(job: &Job) -> &'static str {
    if instructions(job).senior { "senior translator" } else { "translator" }
}

fn after_taking(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<(), Error> {
    let own = instructions(job);
    let author = author(job);
    if let Some(text) = &own.comment {
        speak(tx, ctx, job.id, author, text)?;
    }
    let not_followed = not_followed(job, &own);
    if !not_followed.is_empty() {
        let text = format!("I cannot follow these instructions: {}", not_followed.join("; "));
        speak(tx, ctx, job.id, author, &text)?;
    }
    // Comments were counted as events; the timers below name the job as it is now.
    let Some(job) = jobs::lock(tx, ctx.scope, job.id)? else { return Ok(()) };
    match whim(tx, ctx, &job, &own)? {
        Some(Whim::Decline) => claim::decline(tx, ctx, job.id),
        Some(Whim::Flag(reason)) => hold(tx, ctx, job.id, &reason),
        Some(Whim::Expire) | None => plan_submit(tx, ctx, &job),
    }
}

/// Instructions that nobody understands, or that this job does not allow.
fn not_followed(job: &Job, own: &Instructions) -> Vec<String> {
    let mut list = own.unknown.clone();
    if let Some(too_long) = own.text.as_ref().and_then(|text| submit::too_long(job, text)) {
        let submit::TooLong { length, most } = too_long;
        list.push(format!("text (it has {length} characters; max_chars of the job is {most})"));
    }
    list
}

/// What the robot does once instead of its work, when it is told to.
enum Whim {
    /// Gives the job back.
    Decline,
    /// Lets the deadline pass.
    Expire,
    /// Has it held, for this reason.
    Flag(String),
}

/// What is done after a job was taken as often as now: first the first of what it was told, the next time the next.
fn whim(tx: &mut Tx<'_>, ctx: &Context, job: &Job, own: &Instructions) -> Result<Option<Whim>, Error> {
    let told = [
        own.decline.then_some(Whim::Decline),
        own.expire.then_some(Whim::Expire),
        own.flag.clone().map(Whim::Flag),
    ];
    let claims = claims::all_on(tx, ctx.scope, job.id)?;
    let taken = claims.iter().filter(|claim| claim.corrects.is_none()).count();
    Ok(told.into_iter().flatten().nth(taken.saturating_sub(1)))
}

/// Plans when a job that was taken is handed in; not if it is told to run out of time first.
fn plan_submit(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<(), Error> {
    let Some(settings) = working(ctx)? else { return Ok(()) };
    let own = instructions(job);
    if matches!(whim(tx, ctx, job, &own)?, Some(Whim::Expire)) {
        return Ok(());
    }
    match delay_ms(&settings, &settings.submit, own.submit.as_ref(), job, 2) {
        Some(ms) => plan(tx, ctx, Kind::RobotSubmit, job, ms),
        None => Ok(()),
    }
}

/// Support holds the job, with the reason in its thread.
pub fn hold(tx: &mut Tx<'_>, ctx: &Context, id: JobId, reason: &str) -> Result<(), Error> {
    speak(tx, ctx, id, "support", reason)?;
    let mut job = crate::review::lock(tx, ctx, id)?;
    transition::move_job(tx, &ctx.acting(Actor::Support), &mut job, Event::Hold)?;
    Ok(())
}

/// The hold ends. A job whose translator is gone goes back on the board; a robot's work
/// goes on.
pub fn end_hold(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let mut job = crate::review::lock(tx, ctx, id)?;
    let before = job.held_from.unwrap_or(Status::Available);
    transition::move_job(tx, &ctx.acting(Actor::Support), &mut job, Event::Release { before })?;
    let needs_someone = match before {
        // The edit step waits for an editor.
        Status::Pending => !job.edit_reached,
        before => before == Status::Revising,
    };
    if needs_someone && claims::active_on(tx, ctx.scope, id)?.is_none() {
        return claim::leave(tx, ctx, &mut job, Event::ClaimEnds);
    }
    if before == Status::Pending { plan_submit(tx, ctx, &job) } else { Ok(()) }
}

pub(crate) fn release(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<(), Error> {
    match current(tx, ctx, id, payload)? {
        Some(job) if job.status == Status::Hold => end_hold(tx, ctx, id),
        _ => Ok(()),
    }
}

/// The robot hands in what it is working on.
pub(crate) fn submit(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<(), Error> {
    let Some(job) = current(tx, ctx, id, payload)? else { return Ok(()) };
    if !matches!(job.status, Status::Pending | Status::Revising) {
        return Ok(());
    }
    let ctx = &ctx.acting(Actor::Translator);
    let body = translation(tx, ctx, &job)?;
    hand_in(tx, ctx, &job, &body)?;
    let own = instructions(&job);
    if let Some(text) = &own.comment_after {
        speak(tx, ctx, id, author(&job), text)?;
    }
    for correction in 0..own.revisions.min(20) {
        if job.submissions > 0 {
            break;
        }
        correct_itself(tx, ctx, id, correction)?;
    }
    Ok(())
}

/// Hands in a robot's translation; with an edit step, the edited one too.
pub fn hand_in(tx: &mut Tx<'_>, ctx: &Context, job: &Job, body: &str) -> Result<(), Error> {
    if job.status == Status::Revising
        && let Some(request) = last_customer_comment(tx, ctx, job.id)?
    {
        speak(tx, ctx, job.id, author(job), &format!("Corrected as you asked: \u{201c}{request}\u{201d}"))?;
    }
    if job.edit_reached
        && job.status == Status::Pending
        && claims::active_on(tx, ctx.scope, job.id)?.is_none()
    {
        claim::take_edit(tx, ctx, job, pick_editor(job))?;
    }
    if submit::submit(tx, ctx, job.id, body)? == submit::Handed::ToEditor {
        claim::take_edit(tx, ctx, job, pick_editor(job))?;
        submit::submit(tx, &ctx.acting(Actor::Senior), job.id, body)?;
    }
    Ok(())
}

/// The robot hands in a better version of what it delivered, as the job's instructions say.
fn correct_itself(tx: &mut Tx<'_>, ctx: &Context, id: JobId, number: u32) -> Result<(), Error> {
    let mut job = crate::review::lock(tx, ctx, id)?;
    if job.status != Status::Reviewable {
        return Ok(());
    }
    let better = translation::version(&job, job.body_tgt.as_deref().unwrap_or(""), number + 2);
    claim::correct(tx, ctx, &mut job)?;
    transition::move_job(tx, ctx, &mut job, Event::Revise)?;
    submit::submit(tx, ctx, id, &better)?;
    Ok(())
}

fn last_customer_comment(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Option<String>, Error> {
    let thread = threads::of(tx, ctx.scope, Subject::Job(id))?;
    let last = thread.into_iter().rev().find(|comment| comment.author == "customer");
    Ok(last.map(|comment| comment.body.chars().take(200).collect()))
}

/// The customer wrote: the robot will answer, if it does that here.
pub(crate) fn answer_comment(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let Some(settings) = working(ctx)? else { return Ok(()) };
    let Some(job) = jobs::find(tx, ctx.scope, id)? else { return Ok(()) };
    let Some(ms) = delay_ms(&settings, &settings.answer, None, &job, 4) else { return Ok(()) };
    let text = "Thank you for your comment. I am a robot; a translator would answer here.";
    timers::set(tx, ctx, Kind::RobotComment, id.0, ctx.now.plus_ms(ms), &json!({ "body": text }))
}

/// The robot says what was planned.
pub(crate) fn say(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<(), Error> {
    match (payload.get("body").and_then(Value::as_str), jobs::find(tx, ctx.scope, id)?) {
        (Some(body), Some(job)) => speak(tx, ctx, id, author(&job), body),
        _ => Ok(()),
    }
}

/// Writes a comment as translator, senior translator or support.
pub fn speak(tx: &mut Tx<'_>, ctx: &Context, id: JobId, author: &str, body: &str) -> Result<(), Error> {
    let actor = match author {
        "support" => Actor::Support,
        "senior translator" => Actor::Senior,
        _ => Actor::Translator,
    };
    comment::write(tx, &ctx.acting(actor), Subject::Job(id), author, body, None).map(|_| ())
}
