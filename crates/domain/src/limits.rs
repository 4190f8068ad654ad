//! Every limit of what comes in, with its home here. Contract: api-v2 1 and 4.3.

/// Characters of a comment, in a thread or with a review.
pub const COMMENT_CHARS: usize = 25_000;

/// The limits. Names carry their units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A request's body.
    pub body_bytes: usize,
    /// Jobs in one order or quote.
    pub jobs_per_order: usize,
    /// A job's text.
    pub body_src_chars: usize,
    /// A machine job's text.
    pub machine_body_src_chars: usize,
    /// A comment.
    pub comment_chars: usize,
    /// The customer's own data with a job.
    pub custom_data_bytes: usize,
    /// A job's tone.
    pub tone_chars: usize,
    /// A job's purpose.
    pub purpose_chars: usize,
    /// A job's short name.
    pub slug_chars: usize,
    /// A callback address.
    pub callback_url_chars: usize,
    /// An order's own reference.
    pub reference_id_chars: usize,
    /// Attachments of a job or comment.
    pub attachments: usize,
    /// A file that comes with a comment.
    pub attachment_bytes: usize,
    /// Ids in the path of `translate/jobs/{ids}`.
    pub ids_per_call: usize,
    /// Jobs of one bulk action.
    pub ids_per_bulk_call: usize,
    /// The header `Idempotency-Key`.
    pub idempotency_key_chars: usize,
    /// Lines of a list, if `count` is not sent.
    pub list_count_default: usize,
    /// Lines of a list, whatever `count` says.
    pub list_count_most: usize,
    /// Lines of a list that asks for all after a time.
    pub list_after_most: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 100 * 1024 * 1024,
            jobs_per_order: 10_000,
            body_src_chars: 500_000,
            machine_body_src_chars: 7_500,
            comment_chars: COMMENT_CHARS,
            custom_data_bytes: 1_024,
            tone_chars: 128,
            purpose_chars: 128,
            slug_chars: 1_000,
            callback_url_chars: 2_048,
            reference_id_chars: 255,
            attachments: 5,
            attachment_bytes: 20 * 1024 * 1024,
            ids_per_call: 200,
            ids_per_bulk_call: 10_000,
            idempotency_key_chars: 255,
            list_count_default: 10,
            list_count_most: 200,
            list_after_most: 10_000,
        }
    }
}

/// A limit for people to read: name, value, what it bounds.
pub type Line = (&'static str, usize, &'static str);

impl Limits {
    /// All of them.
    pub fn list(&self) -> Vec<Line> {
        vec![
            ("body_bytes", self.body_bytes, "a request's body"),
            ("jobs_per_order", self.jobs_per_order, "jobs in one order or quote"),
            ("body_src_chars", self.body_src_chars, "a job's text"),
            ("machine_body_src_chars", self.machine_body_src_chars, "a machine job's text"),
            ("comment_chars", self.comment_chars, "a comment"),
            ("custom_data_bytes", self.custom_data_bytes, "the customer's own data with a job"),
            ("tone_chars", self.tone_chars, "a job's tone"),
            ("purpose_chars", self.purpose_chars, "a job's purpose"),
            ("slug_chars", self.slug_chars, "a job's short name"),
            ("callback_url_chars", self.callback_url_chars, "a callback address"),
            ("reference_id_chars", self.reference_id_chars, "an order's own reference"),
            ("attachments", self.attachments, "attachments of a job or comment"),
            ("attachment_bytes", self.attachment_bytes, "a file that comes with a comment"),
            ("ids_per_call", self.ids_per_call, "ids in the path of translate/jobs/{ids}"),
            ("ids_per_bulk_call", self.ids_per_bulk_call, "jobs of one bulk action"),
            ("idempotency_key_chars", self.idempotency_key_chars, "the header Idempotency-Key"),
            ("list_count_default", self.list_count_default, "lines of a list without count"),
            ("list_count_most", self.list_count_most, "lines of a list"),
            ("list_after_most", self.list_after_most, "lines of a list of all after a time"),
        ]
    }
}
