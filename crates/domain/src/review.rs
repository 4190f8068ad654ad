//! The customer's review: rejections and who was right about them. Source: api-v2 6.3,
//! translator-platform 14, sandbox 11.

/// Why a translation is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is bad.
    Quality,
    /// Something is missing.
    Incomplete,
    /// Anything else.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Quality, Self::Incomplete, Self::Other];

    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Incomplete => "incomplete",
            Self::Other => "other",
        }
    }

    /// Reads a reason.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == text)
    }

    /// What the sandbox's robot reviewer decides, at once.
    pub fn robot_decision(self) -> Decision {
        match self {
            Self::Quality | Self::Incomplete => Decision::Fair,
            Self::Other => Decision::Unfair,
        }
    }
}

/// What becomes of a rejected job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// Another translator does it.
    Requeue,
    /// It is over.
    Cancel,
}

impl FollowUp {
    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Cancel => "cancel",
        }
    }

    /// Reads a follow-up.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Requeue, Self::Cancel].into_iter().find(|follow_up| follow_up.code() == text)
    }
}

/// Who was right about a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The customer was: refunded if the job is over, and the translator is not paid.
    Fair,
    /// The translator was: paid, and the customer keeps the text.
    Unfair,
}

impl Decision {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::Unfair => "unfair",
        }
    }

    /// Reads a stored decision.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Fair, Self::Unfair].into_iter().find(|decision| decision.code() == text)
    }
}
