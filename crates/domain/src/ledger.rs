//! The books: which accounts there are, and what each happening posts. Double entry: every
//! posting sums to zero, which its constructor proves. Source: engines C.3 to C.5.
//!
//! Sign: plus means that the account is owed more.

use crate::ids::{AccountId, JobId, TranslatorId};
use crate::money::Money;
use std::fmt::Write as _;

/// The two sets of books. They never share an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// Real money.
    Live,
    /// Test credits.
    Sandbox,
}

/// An account in the books.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// A customer's credits.
    Customer(AccountId),
    /// What is paid for a job and not yet earned.
    Escrow(JobId),
    /// A translator's rewards.
    Translator(TranslatorId),
    /// What the platform keeps.
    Revenue,
    /// What unfair rejections cost the platform.
    Dispute,
    /// Money from outside, by payment provider.
    Paid(String),
    /// Where test credits come from.
    World,
}

impl LedgerAccount {
    /// The account's name in a book.
    pub fn text(&self, book: Book) -> String {
        let mut text = String::from(if book == Book::Sandbox { "sandbox:" } else { "" });
        // Writing into a String cannot fail.
        let _ = match self {
            Self::Customer(id) => write!(text, "customer:{id}"),
            Self::Escrow(id) => write!(text, "escrow:{id}"),
            Self::Translator(id) => write!(text, "translator:{id}"),
            Self::Revenue => write!(text, "platform:revenue"),
            Self::Dispute => write!(text, "platform:dispute"),
            Self::Paid(provider) => write!(text, "external:pay:{provider}"),
            Self::World => write!(text, "world"),
        };
        text
    }

    /// Accounts whose balance is kept and may not fall below zero. A job's escrow is kept
    /// on the job; platform accounts are summed when asked for.
    pub fn keeps_balance(&self) -> bool {
        matches!(self, Self::Customer(_) | Self::Translator(_))
    }
}

/// One line of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub account: LedgerAccount,
    /// How much; never zero.
    pub amount: Money,
}

/// A balanced set of entries under a key that can be posted only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    key: String,
    kind: &'static str,
    entries: Vec<Entry>,
}

/// Why a posting cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingFault {
    /// The entries do not sum to zero in some currency: a fault of the program.
    #[error("posting {0} is not balanced")]
    Unbalanced(String),
    /// Amounts over the range of money.
    #[error("posting {0} overflows")]
    Overflow(String),
}

impl Posting {
    /// A posting of these entries; zero amounts are left out.
    pub fn new(
        key: String,
        kind: &'static str,
        entries: Vec<(LedgerAccount, Money)>,
    ) -> Result<Self, PostingFault> {
        let mut sums: Vec<Money> = Vec::new();
        for (_, amount) in &entries {
            match sums.iter_mut().find(|sum| sum.currency() == amount.currency()) {
                Some(sum) => {
                    *sum = sum.checked_add(*amount).ok_or_else(|| PostingFault::Overflow(key.clone()))?;
                }
                None => sums.push(*amount),
            }
        }
        if sums.iter().any(|sum| !sum.is_zero()) {
            return Err(PostingFault::Unbalanced(key));
        }
        let entries = entries
            .into_iter()
            .filter(|(_, amount)| !amount.is_zero())
            .map(|(account, amount)| Entry { account, amount })
            .collect();
        Ok(Self { key, kind, entries })
    }

    /// The key that makes it happen once.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What kind of happening.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its entries; none when nothing moves.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// What a translator gets for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reward {
    /// Who.
    pub translator: TranslatorId,
    /// How much.
    pub amount: Money,
}

/// Which life of a job a posting belongs to: a sandbox job whose status was forced starts
/// its keys anew, so that it can be paid and cancelled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The job.
    pub job: JobId,
    /// How often its status was forced.
    pub forced: i64,
}

impl Life {
    fn key(self, what: &str) -> String {
        match self.forced {
            0 => format!("{what}:{}", self.job),
            forced => format!("{what}:{}:forced-{forced}", self.job),
        }
    }

    fn round_key(self, what: &str, round: i64) -> String {
        match self.forced {
            0 => format!("{what}:{}:{round}", self.job),
            forced => format!("{what}:{}:{round}:forced-{forced}", self.job),
        }
    }
}

/// A job is paid: the price moves from the customer into the job's escrow.
pub fn charge(life: Life, customer: AccountId, price: Money) -> Result<Posting, PostingFault> {
    let job = life.job;
    Posting::new(
        life.key("charge"),
        "charge",
        vec![(LedgerAccount::Customer(customer), price.negated()), (LedgerAccount::Escrow(job), price)],
    )
}

/// A job ends without work: the escrow goes back.
pub fn refund(life: Life, customer: AccountId, escrow: Money) -> Result<Posting, PostingFault> {
    let job = life.job;
    Posting::new(
        life.key("cancel"),
        "refund",
        vec![(LedgerAccount::Escrow(job), escrow.negated()), (LedgerAccount::Customer(customer), escrow)],
    )
}

/// A job is approved: the escrow becomes the translators' rewards, the rest is revenue.
pub fn earn(life: Life, round: i64, escrow: Money, rewards: &[Reward]) -> Result<Posting, PostingFault> {
    earned(life.round_key("approve", round), "approve", life.job, escrow, rewards)
}

/// A rejection is decided for the customer and the job is over: refund.
pub fn reject_fair(
    life: Life,
    round: i64,
    customer: AccountId,
    escrow: Money,
) -> Result<Posting, PostingFault> {
    Posting::new(
        life.round_key("reject", round),
        "reject_refund",
        vec![
            (LedgerAccount::Escrow(life.job), escrow.negated()),
            (LedgerAccount::Customer(customer), escrow),
        ],
    )
}

/// A rejection is decided for the translator and the job is over: as if approved.
pub fn reject_unfair(
    life: Life,
    round: i64,
    escrow: Money,
    rewards: &[Reward],
) -> Result<Posting, PostingFault> {
    earned(life.round_key("reject", round), "reject_paid", life.job, escrow, rewards)
}

/// A rejected job goes on with another translator, and the first one is paid by the platform.
pub fn reject_requeued_unfair(life: Life, round: i64, rewards: &[Reward]) -> Result<Posting, PostingFault> {
    let mut entries = Vec::new();
    for reward in rewards {
        entries.push((LedgerAccount::Dispute, reward.amount.negated()));
        entries.push((LedgerAccount::Translator(reward.translator), reward.amount));
    }
    Posting::new(life.round_key("dispute", round), "reject_dispute", entries)
}

/// Credits come in from outside.
pub fn top_up(
    key: String,
    provider: &str,
    customer: AccountId,
    amount: Money,
) -> Result<Posting, PostingFault> {
    Posting::new(
        key,
        "top_up",
        vec![
            (LedgerAccount::Paid(provider.to_owned()), amount.negated()),
            (LedgerAccount::Customer(customer), amount),
        ],
    )
}

/// The sandbox forced a finished job open again: its escrow is filled with test money.
pub fn forced_open(life: Life, missing: Money) -> Result<Posting, PostingFault> {
    Posting::new(
        life.key("force"),
        "force",
        vec![(LedgerAccount::World, missing.negated()), (LedgerAccount::Escrow(life.job), missing)],
    )
}

/// The sandbox forced a job to an end, or back before its payment: the escrow goes back. Its
/// key is the force's own, because the same life may be paid and cancelled later.
pub fn forced_refund(life: Life, customer: AccountId, escrow: Money) -> Result<Posting, PostingFault> {
    Posting::new(
        life.key("force"),
        "force",
        vec![
            (LedgerAccount::Escrow(life.job), escrow.negated()),
            (LedgerAccount::Customer(customer), escrow),
        ],
    )
}

/// Test credits are granted, or taken away (a negative amount).
pub fn test_grant(key: String, customer: AccountId, amount: Money) -> Result<Posting, PostingFault> {
    Posting::new(
        key,
        "test_grant",
        vec![(LedgerAccount::World, amount.negated()), (LedgerAccount::Customer(customer), amount)],
    )
}

fn earned(
    key: String,
    kind: &'static str,
    job: JobId,
    escrow: Money,
    rewards: &[Reward],
) -> Result<Posting, PostingFault> {
    let mut entries = vec![(LedgerAccount::Escrow(job), escrow.negated())];
    let mut rest = escrow;
    for reward in rewards {
        // Rewards never exceed what the customer paid.
        let amount = if reward.amount.minor() > rest.minor() { rest } else { reward.amount };
        rest = rest.checked_sub(amount).ok_or_else(|| PostingFault::Overflow(key.clone()))?;
        entries.push((LedgerAccount::Translator(reward.translator), amount));
    }
    entries.push((LedgerAccount::Revenue, rest));
    Posting::new(key, kind, entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::Usd)
    }

    #[test]
    fn the_worked_example_of_the_specification() {
        let (job, customer, translator) =
            (Life { job: JobId(7), forced: 0 }, AccountId(1), TranslatorId(9001));
        let reward = Reward { translator, amount: usd(669) };
        let earned = earn(job, 0, usd(1115), &[reward]).unwrap();
        let amounts: Vec<i64> = earned.entries().iter().map(|entry| entry.amount.minor()).collect();
        assert_eq!(amounts, [-1115, 669, 446]);
        assert_eq!(charge(job, customer, usd(1115)).unwrap().key(), "charge:7");
        let dispute = reject_requeued_unfair(job, 0, &[reward]).unwrap();
        assert_eq!(dispute.entries()[0].account.text(Book::Live), "platform:dispute");
    }

    #[test]
    fn rewards_never_exceed_the_price() {
        let reward = Reward { translator: TranslatorId(1), amount: usd(5) };
        let earned = earn(Life { job: JobId(1), forced: 0 }, 0, usd(3), &[reward]).unwrap();
        let amounts: Vec<i64> = earned.entries().iter().map(|entry| entry.amount.minor()).collect();
        assert_eq!(amounts, [-3, 3]);
    }

    #[test]
    fn an_unbalanced_posting_cannot_be_made() {
        let wrong = Posting::new("x".into(), "x", vec![(LedgerAccount::Revenue, usd(1))]);
        assert_eq!(wrong, Err(PostingFault::Unbalanced("x".into())));
    }

    #[test]
    fn a_free_job_moves_nothing() {
        assert!(
            charge(Life { job: JobId(1), forced: 0 }, AccountId(1), usd(0)).unwrap().entries().is_empty()
        );
    }

    #[test]
    fn the_books_never_share_an_account() {
        let account = LedgerAccount::Customer(AccountId(1));
        assert_ne!(account.text(Book::Live), account.text(Book::Sandbox));
    }
}
