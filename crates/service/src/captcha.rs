//! The captcha that guards rejections, and the address of the preview picture.
//!
//! A challenge is a random token; its text follows from the token and the installation's
//! secret, so the database never holds it. Source: engines L.

use crate::context::{Context, Desk};
use crate::error::Error;
use crate::secrets;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::{JobId, Scope, Timestamp};
pub use render::captcha::Language;
use std::collections::HashMap;
use std::sync::Arc;
use store::reviews::{self, Captcha};
use store::sql::Tx;

const TRIES: i64 = 5;
const LIFE_S: i64 = 24 * 3600;
/// A picture that is shown several times within an hour is written down once.
const SHOWN_AGAIN_S: i64 = 3600;

/// Makes a challenge for a job.
pub fn challenge(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<Captcha, Error> {
    let captcha = Captcha {
        token: secrets::hex(&secrets::random::<32>()?),
        job,
        tries_left: TRIES,
        expires_at: ctx.now.plus_s(LIFE_S),
    };
    reviews::insert_captcha(tx, ctx.scope, &captcha)?;
    Ok(captcha)
}

/// The addresses of the pictures of jobs' current challenges.
pub fn current_urls(tx: &mut Tx<'_>, ctx: &Context, jobs: &[JobId]) -> Result<HashMap<JobId, String>, Error> {
    let captchas = reviews::current_captchas(tx, ctx.scope, jobs)?;
    Ok(captchas.into_iter().map(|(job, captcha)| (job, url(ctx, &captcha.token))).collect())
}

fn url(ctx: &Context, token: &str) -> String {
    format!("{}/captcha/?key={token}", ctx.desk.public_url)
}

/// The address of a job's preview picture: a key that only this installation can make.
pub fn preview_url(ctx: &Context, job: JobId) -> String {
    let key = secrets::keyed_hash(&ctx.desk.secret, &["preview", &job.to_string()]);
    format!("{}/preview/?key={}", ctx.desk.public_url, secrets::hex(&key))
}

/// The text that the picture of a token shows.
pub fn text_of(secret: &[u8; 32], token: &str) -> String {
    let hash = secrets::keyed_hash(secret, &["captcha", token]);
    let mut random = [0; 6];
    random.copy_from_slice(&hash[..6]);
    render::captcha::text(random)
}

/// The picture of a token.
pub fn picture(secret: &[u8; 32], token: &str) -> Vec<u8> {
    render::captcha::picture(&text_of(secret, token), seed(secret, "captcha picture", token))
}

/// What the picture of a token shows, spoken.
pub fn speech(secret: &[u8; 32], token: &str, language: Language) -> Vec<u8> {
    render::captcha::speech(&text_of(secret, token), seed(secret, "captcha speech", token), language)
}

fn seed(secret: &[u8; 32], purpose: &str, token: &str) -> u64 {
    let hash = secrets::keyed_hash(secret, &[purpose, token]);
    let mut seed = [0; 8];
    seed.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(seed)
}

/// The answer to a job's current challenge, which the sandbox shows to tests. A challenge
/// that ended is replaced.
pub fn answer_for_tests(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<String, Error> {
    let current = reviews::current_captcha(tx, ctx.scope, job)?;
    let captcha = match current.filter(|captcha| is_open(captcha, ctx.now)) {
        Some(captcha) => captcha,
        None => challenge(tx, ctx, job)?,
    };
    Ok(text_of(&ctx.desk.secret, &captcha.token))
}

fn is_open(captcha: &Captcha, now: Timestamp) -> bool {
    captcha.tries_left > 0 && captcha.expires_at > now
}

/// What a given answer is worth.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right; the challenge with this token is to be used up.
    Right(String),
    /// Wrong, or the challenge has ended: a new one is needed.
    Wrong,
}

/// Compares an answer with the job's current challenge.
pub fn check(tx: &mut Tx<'_>, ctx: &Context, job: JobId, given: &str) -> Result<Verdict, Error> {
    let Some(captcha) = reviews::current_captcha(tx, ctx.scope, job)? else { return Ok(Verdict::Wrong) };
    let expected = text_of(&ctx.desk.secret, &captcha.token);
    if is_open(&captcha, ctx.now) && render::captcha::same(&expected, given) {
        Ok(Verdict::Right(captcha.token))
    } else {
        Ok(Verdict::Wrong)
    }
}

/// A wrong answer ends the challenge: a new one takes its place. This runs in a transaction
/// of its own, because the refused call's is rolled back.
pub fn replace(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<Error, Error> {
    if let Some(old) = reviews::current_captcha(tx, ctx.scope, job)? {
        reviews::use_up_captcha(tx, ctx.scope, &old.token)?;
    }
    let captcha_url = url(ctx, &challenge(tx, ctx, job)?.token);
    let fault =
        Fault::new(2401, format!("the text does not match the picture; a new one is at {captcha_url}"))
            .of("captcha");
    Ok(Error::Captcha { fault, captcha_url })
}

/// Nobody reviews the job any more.
pub fn forget(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<(), Error> {
    Ok(reviews::forget_captchas(tx, ctx.scope, job)?)
}

/// The challenge with this token is shown: it lives for another day. False if there is none that is open.
pub fn show(tx: &mut Tx<'_>, desk: &Arc<Desk>, token: &str, real_now: Timestamp) -> Result<bool, Error> {
    let Some((scope, expires_at)) = reviews::open_captcha(tx, token)? else { return Ok(false) };
    let now = Context::open(tx, Arc::clone(desk), scope, Actor::System, real_now)?.now;
    if expires_at < now.plus_s(LIFE_S - SHOWN_AGAIN_S) {
        reviews::prolong_captcha(tx, scope, token, now.plus_s(LIFE_S))?;
    }
    Ok(true)
}

/// True if the token belongs to an open challenge.
pub fn exists(tx: &mut Tx<'_>, token: &str) -> Result<bool, Error> {
    Ok(reviews::open_captcha(tx, token)?.is_some())
}

/// The right answer was given in this transaction.
pub fn use_up(tx: &mut Tx<'_>, scope: Scope, token: &str) -> Result<(), Error> {
    Ok(reviews::use_up_captcha(tx, scope, token)?)
}
