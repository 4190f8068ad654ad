//! Whether a customer can pay, and what a job costs today.

use crate::context::{Context, book_of};
use crate::error::Error;
use crate::estimate;
use domain::catalogue;
use domain::fault::Fault;
use domain::ids::{KeyId, Scope};
use domain::ledger::LedgerAccount;
use domain::money::{Currency, Money, UnitPrice};
use domain::tier::Tier;
use store::jobs::{self, Job};
use store::keys::Key;
use store::sql::Tx;
use store::{keys, ledger};

/// The scope's credits.
pub fn balance(tx: &mut Tx<'_>, ctx: &Context, currency: Currency) -> Result<Money, Error> {
    let account = LedgerAccount::Customer(ctx.scope.account).text(ctx.book());
    Ok(Money::new(ledger::balance(tx, &account)?, currency))
}

/// Announces that `balance` will be asked.
pub(crate) fn foresee_balance(tx: &mut Tx<'_>, scope: Scope) {
    ledger::foresee_balance(tx, &LedgerAccount::Customer(scope.account).text(book_of(scope)));
}

/// Refuses what costs more than there is, saying what is missing.
pub fn afford(tx: &mut Tx<'_>, ctx: &Context, cost: Money) -> Result<(), Error> {
    let have = balance(tx, ctx, cost.currency())?;
    let rest = have.checked_sub(cost).ok_or_else(overflow)?;
    if rest.is_negative() {
        let (currency, missing) = (cost.currency().code(), rest.negated());
        let text = format!("this costs {cost} {currency}, there are {have}; {missing} are missing");
        return Err(Fault::new(2700, text).into());
    }
    Ok(())
}

/// Counts a charge against the spending limit of the key that makes it.
pub fn count_against_key(
    tx: &mut Tx<'_>,
    scope: Scope,
    key: Option<KeyId>,
    cost: Money,
) -> Result<(), Error> {
    let Some(key) = key else { return Ok(()) };
    if cost.is_zero() || keys::spend(tx, scope, key, cost.minor())? {
        return Ok(());
    }
    let text = format!(
        "this costs {cost} and would pass the spending limit of the API key: raise the limit or use another key"
    );
    Err(Fault::new(2700, text).into())
}

/// As `count_against_key`, for a key that is at hand: one without a limit has nothing to say.
pub fn count_against(tx: &mut Tx<'_>, key: Option<&Key>, cost: Money) -> Result<(), Error> {
    let Some(key) = key.filter(|_| !cost.is_zero()) else { return Ok(()) };
    match key.spending_limit {
        None => Ok(keys::count_spent(tx, key.scope, key.id, cost.minor())?),
        Some(_) => count_against_key(tx, key.scope, Some(key.id), cost),
    }
}

/// What a job costs today. `None`: not offered.
pub fn price(
    lc_src: &str,
    lc_tgt: &str,
    tier: Tier,
    edit: bool,
    units: u64,
    currency: Currency,
) -> Result<Option<(UnitPrice, Money)>, Error> {
    let tier = estimate::effective_tier(tier, edit);
    let Some(unit_price) = catalogue::unit_price(lc_src, lc_tgt, tier, currency) else { return Ok(None) };
    let price = unit_price.price_of(units, currency).map_err(|_| overflow())?;
    Ok(Some((unit_price, price)))
}

/// Gives an unpaid job that is being bought today's price.
pub fn reprice(tx: &mut Tx<'_>, job: &mut Job) -> Result<(), Error> {
    let units = u64::try_from(job.unit_count).unwrap_or(0);
    let priced = price(&job.lc_src, &job.lc_tgt, job.tier, job.edit, units, job.price.currency())?;
    let Some((unit_price, price)) = priced else {
        let text =
            format!("{} to {} is no longer offered at tier {}", job.lc_src, job.lc_tgt, job.tier.code());
        return Err(Fault::new(1551, text).into());
    };
    jobs::set_price(tx, job.scope, job.id, unit_price, price)?;
    job.unit_price = unit_price;
    job.price = price;
    Ok(())
}

pub(crate) fn overflow() -> Error {
    Fault::new(1352, "the amount is too large").into()
}
