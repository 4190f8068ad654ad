//! What became of one attempt, and what that means for the delivery.

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub result: Ending,
    /// From the call to the end, the answer's body included.
    pub took_ms: u64,
    /// The beginning of the answer's body, at most [`crate::Limits::kept_bytes`].
    pub answer: Vec<u8>,
    /// The answer's headers, as many as fit into [`crate::Limits::kept_bytes`].
    pub answer_headers: Vec<(String, String)>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The receiver answered, with whatever status.
    Answered {
        /// The HTTP status.
        status: u16,
    },
    /// There was no answer, or none in time.
    Failed {
        /// What went wrong, for statistics and explanations.
        kind: FailureKind,
        /// The same in words, for the callback log.
        text: String,
    },
}

/// Where an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The target is forbidden; nothing was sent.
    Refused,
    /// The name has no address.
    Resolve,
    /// No connection: refused, unreachable, reset.
    Connect,
    /// The TLS handshake failed, mostly for a bad certificate.
    Tls,
    /// No connection, or no answer, in time.
    Timeout,
    /// An answer began but did not end in time.
    TooSlow,
    /// The connection broke before an answer came.
    Io,
}

impl FailureKind {
    /// The word for tables and logs.
    pub fn code(self) -> &'static str {
        match self {
            FailureKind::Refused => "refused",
            FailureKind::Resolve => "resolve",
            FailureKind::Connect => "connect",
            FailureKind::Tls => "tls",
            FailureKind::Timeout => "timeout",
            FailureKind::TooSlow => "too_slow",
            FailureKind::Io => "io",
        }
    }
}

impl Outcome {
    /// Whether the callback has arrived: any 2xx.
    pub fn delivered(&self) -> bool {
        matches!(self.result, Ending::Answered { status: 200..=299 })
    }

    /// Whether the receiver wants no further attempt: 410.
    pub fn gone(&self) -> bool {
        matches!(self.result, Ending::Answered { status: 410 })
    }

    pub(crate) fn failed(kind: FailureKind, text: impl Into<String>) -> Self {
        let result = Ending::Failed { kind, text: text.into() };
        Outcome { result, took_ms: 0, answer: Vec::new(), answer_headers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        let result = Ending::Answered { status };
        Outcome { result, took_ms: 1, answer: Vec::new(), answer_headers: Vec::new() }
    }

    #[test]
    fn any_2xx_is_delivered_and_only_410_is_gone() {
        for status in 100..1000 {
            assert_eq!(answered(status).delivered(), status / 100 == 2, "{status}");
            assert_eq!(answered(status).gone(), status == 410, "{status}");
        }
        let failed = Outcome::failed(FailureKind::Timeout, "");
        assert!(!failed.delivered() && !failed.gone());
    }
}
