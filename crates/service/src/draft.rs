//! A job as ordered, before it is stored: parsed and counted at the edge.

use domain::ids::GlossaryId;
use domain::tier::Tier;

/// One job of an order, its fields checked.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The key under which it was sent.
    pub key: String,
    /// Short name, if sent.
    pub slug: Option<String>,
    /// The text, byte for byte.
    pub body_src: String,
    /// Source language, the catalogue's code.
    pub lc_src: &'static str,
    /// Target language, the catalogue's code.
    pub lc_tgt: &'static str,
    /// The tier.
    pub tier: Tier,
    /// A second person edits.
    pub edit: bool,
    /// Units counted.
    pub units: u64,
    /// What makes it the same text.
    pub text_key: [u8; 32],
    /// First comment of its thread.
    pub comment: Option<String>,
    /// Attachments as JSON text.
    pub attachments: Option<String>,
    /// The glossary to keep to.
    pub glossary: Option<GlossaryId>,
    /// Sorting number in a group.
    pub position: Option<i64>,
    /// Part of the group, if the order is one.
    pub grouped: bool,
    /// Translate again although known.
    pub force: bool,
    /// Preferred translators first.
    pub use_preferred: bool,
    /// Approve on delivery; none is the account's default.
    pub auto_approve: Option<bool>,
    /// The job's own callback address.
    pub callback_url: Option<String>,
    /// The customer's own data.
    pub custom_data: Option<String>,
    /// What the text is for.
    pub purpose: Option<String>,
    /// How it should sound.
    pub tone: Option<String>,
    /// Longest translation.
    pub max_chars: Option<i64>,
}

/// An order, its order-level members checked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The jobs in the order sent; at least one.
    pub drafts: Vec<Draft>,
    /// One translator does them all.
    pub as_group: bool,
    /// Unfinished jobs of a failed group may go to another translator.
    pub allow_fork: bool,
    /// Pay and queue now; otherwise the jobs are stored unpaid.
    pub process: bool,
    /// First comment of the order's thread.
    pub comment: Option<String>,
    /// That comment's attachments as JSON text.
    pub attachments: Option<String>,
    /// The customer's own reference.
    pub reference_id: Option<String>,
    /// Where callbacks about the order go.
    pub callback_url: Option<String>,
    /// Only say what would happen.
    pub dry_run: bool,
    /// SHA-256 of the call, to refuse an identical forced one; none if the caller has
    /// protected the call otherwise.
    pub identical: Option<[u8; 32]>,
}
