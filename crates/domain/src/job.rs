//! What may happen to a job, and what follows from it.
//!
//! `apply` is the only place where a status changes (but for the sandbox's force). It is
//! total: every pair of status and event has an answer. It knows no clock, no database
//! and no user; the caller has checked who acts. Contract: api-v2 4.1.

use crate::event::Announcement;
use std::fmt;

/// The status of a job, in the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Stored, not paid.
    Unpaid,
    /// Paid; not yet on the board.
    Queued,
    /// Waits for a translator.
    Available,
    /// A translator works on it.
    Pending,
    /// Delivered; the customer reviews.
    Reviewable,
    /// Corrections are asked for.
    Revising,
    /// Accepted.
    Approved,
    /// Rejected for good.
    Rejected,
    /// Stopped before delivery, money back.
    Canceled,
    /// Stopped by an operator for a while.
    Hold,
}

impl Status {
    /// Every status, in the contract's order.
    pub const ALL: [Self; 10] = [
        Self::Unpaid,
        Self::Queued,
        Self::Available,
        Self::Pending,
        Self::Reviewable,
        Self::Revising,
        Self::Approved,
        Self::Rejected,
        Self::Canceled,
        Self::Hold,
    ];

    /// As on the wire and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Queued => "queued",
            Self::Available => "available",
            Self::Pending => "pending",
            Self::Reviewable => "reviewable",
            Self::Revising => "revising",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Hold => "hold",
        }
    }

    /// Reads a status as clients write it: also `cancelled` and `held`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "cancelled" => Some(Self::Canceled),
            "held" => Some(Self::Hold),
            _ => Self::ALL.into_iter().find(|status| status.code() == text),
        }
    }

    /// Open jobs can be held; they are on their way from payment to an end.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Available | Self::Pending | Self::Reviewable | Self::Revising)
    }

    /// A live job answers lazy loading.
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Canceled | Self::Rejected)
    }

    /// Nothing more happens by itself.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Canceled)
    }

    /// Who or what the job waits for, for messages.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Unpaid => "it is not paid yet",
            Self::Queued => "it waits to be put on the board",
            Self::Available => "it waits for a translator",
            Self::Pending => "a translator is working on it",
            Self::Reviewable => "it is delivered and waits for your review",
            Self::Revising => "the translator is making corrections",
            Self::Approved => "it is approved",
            Self::Rejected => "it is rejected",
            Self::Canceled => "it is canceled",
            Self::Hold => "an operator has stopped it",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What may happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The customer buys an unpaid job.
    Purchase,
    /// The queue worker puts it on the board.
    QueueWorked,
    /// The customer cancels it.
    Cancel,
    /// An operator cancels it.
    OperatorCancel,
    /// Ninety days unpaid, or no machine engine for six hours.
    Expire,
    /// A translator takes it.
    Claim,
    /// The claim ends without delivery: declined, out of time, taken away.
    ClaimEnds,
    /// A group's claim ended early with `allow_fork=0` after part was handed in.
    ForkRefused,
    /// A translation is handed in.
    Submit {
        /// Approve at once.
        auto_approve: bool,
    },
    /// A machine engine answers.
    EngineAnswers,
    /// A person accepts it.
    Approve,
    /// The review period is over.
    ReviewPeriodOver,
    /// The customer asks for corrections.
    Revise,
    /// Rejected; another translator is to do it.
    RejectAndRequeue,
    /// Rejected for good; the money waits for the decision (`review`).
    RejectAndCancel,
    /// An operator stops it.
    Hold,
    /// The hold ends; the job returns to what it was.
    Release {
        /// The status before the hold.
        before: Status,
    },
}

/// The money that moves with a transition (engines C.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Nothing moves.
    None,
    /// The customer's credits go to the job's escrow.
    Charge,
    /// The escrow goes back to the customer.
    Refund,
    /// The escrow becomes reward and revenue.
    Earn,
}

/// What follows from an event that was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
    /// What the books say.
    pub movement: Movement,
    /// What the event log and the callbacks say.
    pub announcement: Announcement,
}

impl Transition {
    fn charging(mut self) -> Self {
        self.movement = Movement::Charge;
        self
    }
    fn refunding(mut self) -> Self {
        self.movement = Movement::Refund;
        self
    }
    fn earning(mut self) -> Self {
        self.movement = Movement::Earn;
        self
    }
}

/// An event that the status does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {from} does not allow {event:?}")]
pub struct Refusal {
    /// The status the job has.
    pub from: Status,
    /// What was tried.
    pub event: Event,
}

/// The contract's table of moves, row by row.
pub fn apply(status: Status, event: Event) -> Result<Transition, Refusal> {
    use crate::event::Announcement as A;
    use {Event as E, Status as S};
    let to = |to, announcement| Ok(Transition { from: status, to, movement: Movement::None, announcement });
    match (status, event) {
        (S::Unpaid, E::Purchase) => to(S::Queued, A::Purchased).map(Transition::charging),
        (S::Queued, E::QueueWorked) => to(S::Available, A::Available),
        (S::Unpaid, E::Cancel | E::Expire) => to(S::Canceled, A::Canceled),
        (S::Queued | S::Available, E::Cancel) => to(S::Canceled, A::Canceled).map(Transition::refunding),
        (S::Queued, E::Expire) => to(S::Canceled, A::Canceled).map(Transition::refunding),
        (S::Available, E::Claim) => to(S::Pending, A::Started),
        (S::Pending | S::Revising, E::ClaimEnds) => to(S::Available, A::Reopened),
        (S::Pending, E::ForkRefused) => to(S::Canceled, A::Canceled).map(Transition::refunding),
        (S::Pending | S::Revising, E::Submit { auto_approve: true }) => {
            to(S::Approved, A::Approved).map(Transition::earning)
        }
        (S::Pending | S::Revising, E::Submit { auto_approve: false }) => to(S::Reviewable, A::Reviewable),
        // Free as a rule; whatever lies in escrow must not stay there.
        (S::Queued, E::EngineAnswers) => to(S::Approved, A::Approved).map(Transition::earning),
        (S::Reviewable, E::Approve | E::ReviewPeriodOver) => {
            to(S::Approved, A::Approved).map(Transition::earning)
        }
        (S::Reviewable, E::Revise) => to(S::Revising, A::Revising),
        (S::Reviewable, E::RejectAndRequeue) => to(S::Available, A::Reopened),
        (S::Reviewable, E::RejectAndCancel) => to(S::Rejected, A::Rejected),
        (S::Queued | S::Available | S::Pending | S::Revising | S::Hold, E::OperatorCancel) => {
            to(S::Canceled, A::Canceled).map(Transition::refunding)
        }
        (open, E::Hold) if open.is_open() => to(S::Hold, A::Hold),
        (S::Hold, E::Release { before }) if before.is_open() => to(before, A::Released),
        (from, event) => Err(Refusal { from, event }),
    }
}

/// Every pair of different statuses that some event leads through: what the database lets pass.
pub fn legal_moves() -> Vec<(Status, Status)> {
    let mut moves = Vec::new();
    for from in Status::ALL {
        for event in every_event() {
            if let Ok(transition) = apply(from, event)
                && !moves.contains(&(from, transition.to))
            {
                moves.push((from, transition.to));
            }
        }
    }
    moves
}

/// Every event once, with every variant of its content.
pub fn every_event() -> Vec<Event> {
    use Event as E;
    let mut events = vec![
        E::Purchase,
        E::QueueWorked,
        E::Cancel,
        E::OperatorCancel,
        E::Expire,
        E::Claim,
        E::ClaimEnds,
        E::ForkRefused,
        E::Submit { auto_approve: false },
        E::Submit { auto_approve: true },
        E::EngineAnswers,
        E::Approve,
        E::ReviewPeriodOver,
        E::Revise,
        E::RejectAndRequeue,
        E::RejectAndCancel,
        E::Hold,
    ];
    events.extend(Status::ALL.map(|before| E::Release { before }));
    events
}

/// Customer's review actions and what state they need; for messages that say what is possible.
pub fn allowed_from(event: Event) -> Vec<Status> {
    Status::ALL.into_iter().filter(|status| apply(*status, event).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_job_stays_ended() {
        for status in Status::ALL.into_iter().filter(|status| status.is_finished()) {
            for event in every_event() {
                assert!(apply(status, event).is_err(), "{status} allows {event:?}");
            }
        }
    }

    #[test]
    fn money_is_charged_only_by_purchase_and_given_back_only_on_the_way_out() {
        for from in Status::ALL {
            for event in every_event() {
                let Ok(transition) = apply(from, event) else { continue };
                match transition.movement {
                    Movement::Charge => assert_eq!(event, Event::Purchase),
                    Movement::Refund => assert!(!transition.to.is_live(), "{from} {event:?}"),
                    Movement::Earn => assert_eq!(transition.to, Status::Approved),
                    Movement::None => {}
                }
            }
        }
    }

    #[test]
    fn a_hold_returns_to_what_was() {
        for before in Status::ALL.into_iter().filter(|status| status.is_open()) {
            let held = apply(before, Event::Hold).unwrap();
            assert_eq!(held.to, Status::Hold);
            assert_eq!(apply(Status::Hold, Event::Release { before }).unwrap().to, before);
        }
    }

    #[test]
    fn both_spellings_are_read() {
        assert_eq!(Status::parse("cancelled"), Some(Status::Canceled));
        assert_eq!(Status::parse("held"), Some(Status::Hold));
        assert_eq!(Status::parse("Hold"), None);
    }
}
