//! What the customer's review leaves behind: feedback, captchas, rejections, rewards.

use crate::sql::{Error, Row, Tx};
use domain::ids::*;
use domain::money::Money;
use domain::review::{Decision, FollowUp, Reason};
use std::collections::{HashMap, HashSet};

/// The customer's feedback on an approved job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// 1 to 5.
    pub rating: Option<i64>,
    /// 1 to 5, when the three ratings of 2012 were sent.
    pub rating_time: Option<i64>,
    /// As above.
    pub rating_quality: Option<i64>,
    /// As above.
    pub rating_response: Option<i64>,
    /// A note to the translator.
    pub for_translator: String,
    /// A note to the operator's people only.
    pub for_staff: String,
    /// May be shown in public.
    pub is_public: bool,
}

/// Stores the feedback; a second one replaces nothing.
pub fn insert_feedback(
    tx: &mut Tx<'_>,
    scope: Scope,
    job: JobId,
    feedback: &Feedback,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO feedback (job_id, account_id, rating, rating_time, rating_quality, rating_response, \
         for_translator, for_staff, is_public, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT DO NOTHING",
        &[
            &job,
            &scope.account,
            &feedback.rating,
            &feedback.rating_time,
            &feedback.rating_quality,
            &feedback.rating_response,
            &feedback.for_translator,
            &feedback.for_staff,
            &feedback.is_public,
            &now,
        ],
    )?;
    Ok(())
}

/// The feedback on the scope's job.
pub fn feedback(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Option<Feedback>, Error> {
    tx.query_opt(
        "SELECT rating, rating_time, rating_quality, rating_response, for_translator, for_staff, is_public \
         FROM feedback WHERE job_id = $2 AND account_id = $1",
        &[&scope.account, &job],
        |row| {
            Ok(Feedback {
                rating: row.take()?,
                rating_time: row.take()?,
                rating_quality: row.take()?,
                rating_response: row.take()?,
                for_translator: row.take()?,
                for_staff: row.take()?,
                is_public: row.take()?,
            })
        },
    )
}

/// A captcha challenge; its text follows from its token and the installation's secret.
#[derive(Clone, Debug)]
pub struct Captcha {
    /// 64 hex characters.
    pub token: String,
    /// The job it guards.
    pub job: JobId,
    /// Wrong answers left.
    pub tries_left: i64,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Stores a challenge.
pub fn insert_captcha(tx: &mut Tx<'_>, scope: Scope, captcha: &Captcha) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO captcha (token, account_id, job_id, tries_left, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[&captcha.token, &scope.account, &captcha.job, &captcha.tries_left, &captcha.expires_at],
    )?;
    Ok(())
}

fn captcha_from_row(row: &mut Row) -> Result<Captcha, Error> {
    Ok(Captcha { token: row.take()?, job: row.take()?, tries_left: row.take()?, expires_at: row.take()? })
}

/// The newest challenge of a job that is not used.
pub fn current_captcha(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<Option<Captcha>, Error> {
    Ok(current_captchas(tx, scope, &[job])?.remove(&job))
}

/// Of each job the newest challenge that is not used.
pub fn current_captchas(
    tx: &mut Tx<'_>,
    scope: Scope,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Captcha>, Error> {
    let oldest_first = tx.query_in(
        |list| {
            format!(
                "SELECT token, job_id, tries_left, expires_at FROM captcha \
                 WHERE account_id = $1 AND used = 0 AND job_id IN {list} ORDER BY expires_at, tries_left"
            )
        },
        &[&scope.account],
        jobs,
        captcha_from_row,
    )?;
    Ok(oldest_first.into_iter().map(|captcha| (captcha.job, captcha)).collect())
}

/// Whose challenge has this token, and when it ends, if it is open.
pub fn open_captcha(tx: &mut Tx<'_>, token: &str) -> Result<Option<(Scope, Timestamp)>, Error> {
    tx.query_opt(
        "SELECT c.account_id, j.sandbox, c.expires_at FROM captcha c \
         JOIN job j ON j.account_id = c.account_id AND j.id = c.job_id WHERE c.token = $1 AND c.used = 0",
        &[&token],
        |row| Ok((Scope { account: row.take()?, environment: row.take()? }, row.take()?)),
    )
}

/// The challenge ends later.
pub fn prolong_captcha(tx: &mut Tx<'_>, scope: Scope, token: &str, until: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE captcha SET expires_at = $3 WHERE account_id = $1 AND token = $2",
        &[&scope.account, &token, &until],
    )?;
    Ok(())
}

/// Removes the challenges of a job.
pub fn forget_captchas(tx: &mut Tx<'_>, scope: Scope, job: JobId) -> Result<(), Error> {
    tx.send("DELETE FROM captcha WHERE account_id = $1 AND job_id = $2", &[&scope.account, &job])
}

/// The challenge is over.
pub fn use_up_captcha(tx: &mut Tx<'_>, scope: Scope, token: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE captcha SET used = 1 WHERE account_id = $1 AND token = $2",
        &[&scope.account, &token],
    )?;
    Ok(())
}

/// A rejection as stored.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The job.
    pub job: JobId,
    /// Which of its rounds.
    pub round: i64,
    /// Why.
    pub reason: Reason,
    /// In the customer's words.
    pub comment: String,
    /// What becomes of the job.
    pub follow_up: FollowUp,
    /// Whose work it was.
    pub translator: Option<TranslatorId>,
    /// Who was right.
    pub decision: Option<Decision>,
}

/// Stores a rejection, undecided.
pub fn insert_rejection(
    tx: &mut Tx<'_>,
    scope: Scope,
    rejection: &Rejection,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO rejection (job_id, round, account_id, reason, comment, follow_up, translator_id, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &rejection.job,
            &rejection.round,
            &scope.account,
            &rejection.reason.code(),
            &rejection.comment,
            &rejection.follow_up.code(),
            &rejection.translator,
            &now,
        ],
    )?;
    Ok(())
}

/// The rejection of a job's round.
pub fn rejection(tx: &mut Tx<'_>, scope: Scope, job: JobId, round: i64) -> Result<Option<Rejection>, Error> {
    tx.query_opt(
        "SELECT reason, comment, follow_up, translator_id, decision FROM rejection \
         WHERE job_id = $2 AND round = $3 AND account_id = $1",
        &[&scope.account, &job, &round],
        move |row| {
            let (reason, comment, follow_up): (String, String, String) =
                (row.take()?, row.take()?, row.take()?);
            let (translator, decision): (_, Option<String>) = (row.take()?, row.take()?);
            Ok(Rejection {
                job,
                round,
                reason: Reason::parse(&reason).unwrap_or(Reason::Other),
                comment,
                follow_up: FollowUp::parse(&follow_up).unwrap_or(FollowUp::Requeue),
                translator,
                decision: decision.as_deref().and_then(Decision::parse),
            })
        },
    )
}

/// Those of the jobs' rejections that staff found unfair: job and round.
pub fn unfair(tx: &mut Tx<'_>, scope: Scope, jobs: &[JobId]) -> Result<HashSet<(JobId, i64)>, Error> {
    let found = tx.query_in(
        |list| {
            format!(
                "SELECT job_id, round FROM rejection WHERE account_id = $1 AND decision = $2 AND job_id IN {list}"
            )
        },
        &[&scope.account, &Decision::Unfair.code()],
        jobs,
        |row| Ok((row.take()?, row.take()?)),
    )?;
    Ok(found.into_iter().collect())
}

/// Writes who was right. `false` if that was decided before.
pub fn decide(
    tx: &mut Tx<'_>,
    scope: Scope,
    job: JobId,
    round: i64,
    decision: Decision,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx.execute(
        "UPDATE rejection SET decision = $4, decided_at = $5 \
         WHERE account_id = $1 AND job_id = $2 AND round = $3 AND decision IS NULL",
        &[&scope.account, &job, &round, &decision.code(), &now],
    )?;
    Ok(rows == 1)
}

/// Remembers what a translator earned for a job. `false` if that role and round was paid before.
pub fn insert_reward(
    tx: &mut Tx<'_>,
    scope: Scope,
    job: JobId,
    role: &str,
    round: i64,
    translator: TranslatorId,
    amount: Money,
) -> Result<bool, Error> {
    let rows = tx.execute(
        "INSERT INTO reward (account_id, job_id, role, round, translator_id, currency, amount) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        &[&scope.account, &job, &role, &round, &translator, &amount.currency(), &amount.minor()],
    )?;
    Ok(rows == 1)
}
