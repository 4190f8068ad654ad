//! What the robot writes.

use crate::context::Context;
use crate::error::Error;
use crate::submit::{TooLong, too_long};
use domain::job::Status;
use store::glossaries;
use store::jobs::Job;
use store::sql::Tx;

/// What the robot writes for a job: the same each time, but marked with its version after
/// corrections.
pub fn translation(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<String, Error> {
    let settings = ctx.robot()?;
    let own = super::instructions(job);
    let first = match own.text {
        Some(text) if too_long(job, &text).is_none() => text,
        _ => {
            let protected: Vec<(usize, usize)> = text::protected::spans(&job.body_src)
                .into_iter()
                .map(|span| (span.start, span.end))
                .collect();
            let terms = terms(tx, ctx, job)?;
            fitting(
                job,
                robot::style::translate(settings.style, &job.body_src, &job.lc_tgt, &protected, &terms),
            )
        }
    };
    Ok(match u32::try_from(job.submissions) {
        Ok(before) if before > 0 && job.status == Status::Revising => version(job, &first, before + 1),
        _ => first,
    })
}

/// A text marked as a version, no longer than the job allows.
pub(super) fn version(job: &Job, text: &str, number: u32) -> String {
    fitting(job, robot::style::with_version(text, number))
}

/// What the robot makes up itself is cut to the length that the job allows.
fn fitting(job: &Job, text: String) -> String {
    match too_long(job, &text) {
        Some(TooLong { most, .. }) => text::length::cut(text.trim_start(), most).to_owned(),
        None => text,
    }
}

/// The job's glossary as pairs of source and target terms.
fn terms(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<Vec<(String, String)>, Error> {
    let Some(id) = job.glossary else { return Ok(Vec::new()) };
    let csv = glossaries::csv(tx, ctx.scope, id)?;
    Ok(csv.map(|csv| crate::glossary::terms(&csv, &job.lc_tgt)).unwrap_or_default())
}
