//! Jobs: the rows that everything else is about.

mod guard;
mod lock;
mod read;
mod write;

pub use guard::*;
pub use lock::*;
pub use read::*;
pub use write::*;

use crate::sql::{Error, Row};
use domain::ids::*;
use domain::job::Status;
use domain::money::{Money, UnitPrice};
use domain::tier::Tier;

/// A job as stored.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub scope: Scope,
    /// The order that made it.
    pub order: OrderId,
    /// The key that ordered it; none if ordered in the web app.
    pub key: Option<KeyId>,
    /// Its group.
    pub group: Option<GroupId>,
    /// The customer's sorting number inside the group.
    pub position: Option<i64>,
    /// Where it stands.
    pub status: Status,
    /// Where it stood before the hold.
    pub held_from: Option<Status>,
    /// Short name.
    pub slug: String,
    /// The text, byte for byte as sent.
    pub body_src: String,
    /// Source language, the catalogue's code.
    pub lc_src: String,
    /// Target language, the catalogue's code.
    pub lc_tgt: String,
    /// The tier ordered.
    pub tier: Tier,
    /// A second person edits (`services: edit` on pro).
    pub edit: bool,
    /// Units counted.
    pub unit_count: i64,
    /// By which counting rule.
    pub count_rule: i64,
    /// Price of a unit when it was bought.
    pub unit_price: UnitPrice,
    /// Price of the job.
    pub price: Money,
    /// What of the price lies in the job's escrow.
    pub escrow: Money,
    /// SHA-256 of what makes it the same text.
    pub text_key: Vec<u8>,
    /// Whether lazy loading may find no second one.
    pub lookup: bool,
    /// Approve on delivery.
    pub auto_approve: bool,
    /// Preferred translators first.
    pub use_preferred: bool,
    /// The job's own callback address.
    pub callback_url: Option<String>,
    /// The customer's own data.
    pub custom_data: Option<String>,
    /// The glossary to keep to.
    pub glossary: Option<GlossaryId>,
    /// What the text is for.
    pub purpose: Option<String>,
    /// How it should sound.
    pub tone: Option<String>,
    /// Longest translation, in characters.
    pub max_chars: Option<i64>,
    /// Attachments as JSON text.
    pub attachments: Option<String>,
    /// Lines of the order's and job's comments that instruct the sandbox's robot.
    pub instructions: Option<String>,
    /// The last delivered translation.
    pub body_tgt: Option<String>,
    /// The translation that waits for the edit step.
    pub draft_tgt: Option<String>,
    /// The translate step of a job with an edit step is done.
    pub edit_reached: bool,
    /// How often a translation was handed in.
    pub submissions: i64,
    /// How often the job was put back on the board after a rejection.
    pub round: i64,
    /// Counts changes; timers made for an earlier version do nothing.
    pub version: i64,
    /// Counts events; the `Honyaku-Sequence` of the last one.
    pub events: i64,
    /// How often the sandbox forced its status.
    pub forced: i64,
    /// When the translator's time is up.
    pub deadline: Option<Timestamp>,
    /// When the review ends by itself, once it was delivered.
    pub review_until: Option<Timestamp>,
    /// Hidden from default lists.
    pub archived: bool,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub changed_at: Timestamp,
}

const JOB: &str = "id, account_id, sandbox, order_id, key_id, group_id, position, status, held_from, slug, body_src, \
    lc_src, lc_tgt, tier, edit, unit_count, count_rule, currency, unit_price, price, escrow, text_key, lookup, \
    auto_approve, use_preferred, callback_url, custom_data, glossary_id, purpose, tone, max_chars, attachments, \
    instructions, body_tgt, draft_tgt, edit_reached, submissions, round, version, events, forced, deadline, \
    review_until, archived, created_at, changed_at";

impl Job {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        let id = row.take()?;
        let scope = Scope { account: row.take()?, environment: row.take()? };
        let (order, key, group, position) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (status, held_from, slug, body_src) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (lc_src, lc_tgt, tier, edit) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let (unit_count, count_rule, currency) = (row.take()?, row.take()?, row.take()?);
        Ok(Self {
            id,
            scope,
            order,
            key,
            group,
            position,
            status,
            held_from,
            slug,
            body_src,
            lc_src,
            lc_tgt,
            tier,
            edit,
            unit_count,
            count_rule,
            unit_price: UnitPrice::from_ten_thousandths(row.take()?),
            price: Money::new(row.take()?, currency),
            escrow: Money::new(row.take()?, currency),
            text_key: row.take()?,
            lookup: row.take()?,
            auto_approve: row.take()?,
            use_preferred: row.take()?,
            callback_url: row.take()?,
            custom_data: row.take()?,
            glossary: row.take()?,
            purpose: row.take()?,
            tone: row.take()?,
            max_chars: row.take()?,
            attachments: row.take()?,
            instructions: row.take()?,
            body_tgt: row.take()?,
            draft_tgt: row.take()?,
            edit_reached: row.take()?,
            submissions: row.take()?,
            round: row.take()?,
            version: row.take()?,
            events: row.take()?,
            forced: row.take()?,
            deadline: row.take()?,
            review_until: row.take()?,
            archived: row.take()?,
            created_at: row.take()?,
            changed_at: row.take()?,
        })
    }
}
