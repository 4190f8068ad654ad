//! Identifiers. Each kind is its own type, so that a job id cannot be passed for an order id.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// A customer's account (team).
    AccountId);
id!(/// One person's sign-in.
    PersonId);
id!(/// An API key pair.
    KeyId);
id!(/// An order: what one call bought.
    OrderId);
id!(/// A job: one text to translate.
    JobId);
id!(/// A group: jobs of one order that one translator does.
    GroupId);
id!(/// One submission of a translation; shown as `rev_id`.
    RevisionId);
id!(/// A comment in the thread of a job or an order.
    CommentId);
id!(/// A glossary.
    GlossaryId);
id!(/// A translator; robots have 9001 to 9020.
    TranslatorId);
id!(/// A translator's hold on a job or a group.
    ClaimId);
id!(/// An event in an account's feed.
    EventId);
id!(/// One callback on its way to one address.
    DeliveryId);
id!(/// An inbox of a sandbox.
    InboxId);

/// One of the two environments that every account has. They never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Real money, real translators.
    Live,
    /// Test credits and robot translators.
    Sandbox,
}

impl Environment {
    /// As in the header `Honyaku-Environment`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }
}

/// Whose data: an account in one of its environments. Every question to the store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// Which of its two environments.
    pub environment: Environment,
}

impl Scope {
    /// True in the sandbox.
    pub fn is_sandbox(self) -> bool {
        self.environment == Environment::Sandbox
    }
}

/// A moment: milliseconds since 1970 UTC. In a sandbox, by its test clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since 1970, as the API shows times.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment `ms` milliseconds later.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The moment `seconds` later.
    pub fn plus_s(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
