//! Credits come in: paid ones in live, test credits in the sandbox.

use crate::context::Context;
use crate::error::Error;
use crate::{look, pay, secrets};
use domain::ledger::{self, Posting};
use domain::money::Money;
use store::ledger::About;
use store::sql::Tx;

/// What a balance comes to at most by what is paid in, in minor units: far from where sums of balance and
/// escrow would end.
const BALANCE_MOST: i64 = 1_000_000_000_000_000;

/// Books credits that the operator has received. The reference makes it happen once.
pub fn top_up(tx: &mut Tx<'_>, ctx: &Context, amount: Money, reference: &str) -> Result<Money, Error> {
    positive(amount)?;
    let after = look::balance(tx, ctx)?.checked_add(amount).ok_or_else(pay::overflow)?;
    if after.minor() > BALANCE_MOST {
        let most = Money::new(BALANCE_MOST, amount.currency());
        return Err(Error::fault(
            1352,
            format!("a balance is {most} at most; with this it would be {after}"),
        ));
    }
    let key = format!("topup:operator:{}:{reference}", ctx.scope.account);
    let posting = ledger::top_up(key, "operator", ctx.scope.account, amount)?;
    if !post(tx, ctx, &posting)? {
        return Err(Error::fault(1754, format!("a top-up with reference {reference:?} was booked before")));
    }
    look::balance(tx, ctx)
}

/// Grants test credits.
pub fn grant(tx: &mut Tx<'_>, ctx: &Context, amount: Money) -> Result<Money, Error> {
    positive(amount)?;
    let have = look::balance(tx, ctx)?;
    set(tx, ctx, have.checked_add(amount).ok_or_else(pay::overflow)?)
}

/// Sets the test credits to an amount, up or down.
pub fn set(tx: &mut Tx<'_>, ctx: &Context, amount: Money) -> Result<Money, Error> {
    let most = ctx.desk.sandbox_max_credits.figure_in(amount.currency());
    if amount.is_negative() || amount.minor() > most.minor() {
        return Err(Error::fault(1352, format!("a sandbox holds 0 to {most} credits, not {amount}")));
    }
    correct(tx, ctx, amount)
}

/// Brings the test credits to an amount that they had or may have.
pub(crate) fn correct(tx: &mut Tx<'_>, ctx: &Context, amount: Money) -> Result<Money, Error> {
    let have = look::balance(tx, ctx)?;
    let change = amount.checked_sub(have).ok_or_else(pay::overflow)?;
    if change.is_zero() {
        return Ok(have);
    }
    let key = format!("grant:{}", secrets::letters(24)?);
    let posting = ledger::test_grant(key, ctx.scope.account, change)?;
    post(tx, ctx, &posting)?;
    look::balance(tx, ctx)
}

fn positive(amount: Money) -> Result<(), Error> {
    if amount.minor() <= 0 {
        return Err(Error::fault(1352, format!("{amount} is not more than nothing")));
    }
    Ok(())
}

fn post(tx: &mut Tx<'_>, ctx: &Context, posting: &Posting) -> Result<bool, Error> {
    let about = About { account: ctx.scope.account, order: None, job: None };
    Ok(store::ledger::post(tx, ctx.book(), posting, about, ctx.actor.code(), ctx.now)?)
}
