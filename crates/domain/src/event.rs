//! What the log of a job says, and which of it callbacks say. Contract: api-v2 8.

/// What happened, as the event log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Announcement {
    /// An order was placed.
    OrderPlaced,
    /// An unpaid job was bought.
    Purchased,
    /// All jobs of an order are on the board.
    OrderAvailable,
    /// A job is on the board.
    Available,
    /// A translator took it.
    Started,
    /// It was delivered.
    Reviewable,
    /// Corrections were asked for.
    Revising,
    /// It was accepted.
    Approved,
    /// It is on the board again.
    Reopened,
    /// It was rejected.
    Rejected,
    /// It was stopped.
    Canceled,
    /// An operator stopped it.
    Hold,
    /// The operator let it go on.
    Released,
    /// The sandbox forced a status.
    Forced,
    /// Somebody wrote a comment.
    Commented,
}

/// Who made it happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The customer through the API.
    CustomerApi,
    /// The customer in the web app.
    CustomerWeb,
    /// A translator.
    Translator,
    /// A senior translator.
    Senior,
    /// The operator's people.
    Support,
    /// A timer, the queue, a flag of the order.
    System,
    /// The sandbox's controls.
    Sandbox,
}

impl Actor {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::CustomerApi => "customer_api",
            Self::CustomerWeb => "customer_web",
            Self::Translator => "translator",
            Self::Senior => "senior",
            Self::Support => "support",
            Self::System => "system",
            Self::Sandbox => "sandbox",
        }
    }
}

/// Whether a callback goes out for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Sent to every callback address.
    Everyone,
    /// Sent to keys that ask for it.
    OptIn,
    /// Kept in the log only.
    LogOnly,
}

impl Announcement {
    /// Every announcement.
    pub const ALL: [Self; 15] = [
        Self::OrderPlaced,
        Self::Purchased,
        Self::OrderAvailable,
        Self::Available,
        Self::Started,
        Self::Reviewable,
        Self::Revising,
        Self::Approved,
        Self::Reopened,
        Self::Rejected,
        Self::Canceled,
        Self::Hold,
        Self::Released,
        Self::Forced,
        Self::Commented,
    ];

    /// The event type, as in the header `Honyaku-Event`.
    pub fn code(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order.placed",
            Self::Purchased => "job.purchased",
            Self::OrderAvailable => "order.available",
            Self::Available => "job.available",
            Self::Started => "job.started",
            Self::Reviewable => "job.reviewable",
            Self::Revising => "job.revising",
            Self::Approved => "job.approved",
            Self::Reopened => "job.reopened",
            Self::Rejected => "job.rejected",
            Self::Canceled => "job.canceled",
            Self::Hold => "job.hold",
            Self::Released => "job.released",
            Self::Forced => "job.forced",
            Self::Commented => "comment.created",
        }
    }

    /// Who is told, given who acted: nobody gets a callback for an own API call, and
    /// comments of the customer are not told back.
    pub fn audience(self, actor: Actor) -> Audience {
        let own_call = actor == Actor::CustomerApi;
        let customer = matches!(actor, Actor::CustomerApi | Actor::CustomerWeb);
        match self {
            Self::Available | Self::Started | Self::Reviewable => Audience::Everyone,
            Self::Approved if !own_call => Audience::Everyone,
            Self::Commented if !customer => Audience::Everyone,
            Self::Reopened
            | Self::Rejected
            | Self::Canceled
            | Self::Hold
            | Self::Released
            | Self::OrderAvailable
                if !own_call =>
            {
                Audience::OptIn
            }
            _ => Audience::LogOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_calls_are_not_called_back() {
        for announcement in [Announcement::Approved, Announcement::Canceled, Announcement::Commented] {
            assert_eq!(announcement.audience(Actor::CustomerApi), Audience::LogOnly);
        }
        assert_eq!(Announcement::Approved.audience(Actor::System), Audience::Everyone);
        assert_eq!(Announcement::Approved.audience(Actor::CustomerWeb), Audience::Everyone);
        assert_eq!(Announcement::Commented.audience(Actor::CustomerWeb), Audience::LogOnly);
    }
}
