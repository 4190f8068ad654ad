//! Money: whole minor units with their currency, never a float. Source: engines C.1, C.2.
#![deny(clippy::arithmetic_side_effects)]

use std::fmt;

/// A currency that an account can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
    /// Japanese yen; has no minor unit.
    Jpy,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 4] = [Self::Usd, Self::Eur, Self::Gbp, Self::Jpy];

    /// ISO 4217.
    pub fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Jpy => "JPY",
        }
    }

    /// Reads an ISO 4217 code in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code().eq_ignore_ascii_case(text))
    }

    /// Digits after the point.
    pub fn decimals(self) -> u32 {
        match self {
            Self::Jpy => 0,
            _ => 2,
        }
    }

    /// Minor units in one major unit.
    fn minor_units(self) -> i64 {
        match self {
            Self::Jpy => 1,
            _ => 100,
        }
    }
}

/// An amount in one currency, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyFault {
    /// Not a decimal number.
    #[error("{0:?} is no amount: write digits with a point, such as 12.50")]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("{text:?} has more decimals than {currency} has")]
    TooManyDecimals {
        /// What came.
        text: String,
        /// The currency's code.
        currency: &'static str,
    },
    /// Over the range of money.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// An amount over the range of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large")]
pub struct Overflow;

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum. `None`: other currency, or out of range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self::new(self.minor.checked_add(other.minor)?, self.currency))
    }

    /// The difference. `None`: other currency, or out of range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self::new(self.minor.checked_sub(other.minor)?, self.currency))
    }

    /// The same amount in the other direction.
    pub const fn negated(self) -> Self {
        Self::new(self.minor.saturating_neg(), self.currency)
    }

    /// The same figure in another currency, without decimals that it has not. Not an exchange.
    pub fn figure_in(self, currency: Currency) -> Self {
        let minor = i128::from(self.minor)
            .saturating_mul(currency.minor_units().into())
            .checked_div(self.currency.minor_units().into());
        Self::new(minor.and_then(|minor| i64::try_from(minor).ok()).unwrap_or(i64::MAX), currency)
    }

    /// True if nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Reads a decimal text exactly.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyFault> {
        let not_a_number = || MoneyFault::NotANumber(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || digits.ends_with('.') {
            return Err(not_a_number());
        }
        let decimals = usize::try_from(currency.decimals()).unwrap_or(0);
        let significant = fraction.trim_end_matches('0');
        if significant.len() > decimals {
            return Err(MoneyFault::TooManyDecimals { text: text.to_owned(), currency: currency.code() });
        }
        let minor_digits = format!("{whole}{significant:0<decimals$}");
        let minor: i64 = minor_digits.parse().map_err(|_| MoneyFault::TooLarge(text.to_owned()))?;
        let amount = Self::new(minor, currency);
        Ok(if negative { amount.negated() } else { amount })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        match self.currency.decimals() {
            0 => write!(f, "{sign}{minor}"),
            _ => write!(f, "{sign}{}.{:02}", minor / 100, minor % 100),
        }
    }
}

/// A price or reward for one unit, in ten-thousandths of a major unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice(i64);

const TEN_THOUSAND: i128 = 10_000;

impl UnitPrice {
    /// A price in ten-thousandths of a major unit.
    pub const fn from_ten_thousandths(amount: i64) -> Self {
        Self(amount)
    }

    /// The ten-thousandths.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// A share of it, rounded half up.
    pub fn percent(self, percent: u32) -> Self {
        let share = i128::from(self.0).saturating_mul(i128::from(percent));
        let rounded = share.saturating_add(50).div_euclid(100);
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// What so many units cost: rounded half up to the minor unit, and at least one minor
    /// unit if anything is to be paid at all.
    pub fn price_of(self, units: u64, currency: Currency) -> Result<Money, Overflow> {
        let exact = i128::from(units).checked_mul(i128::from(self.0)).ok_or(Overflow)?;
        let in_minor = exact.checked_mul(i128::from(currency.minor_units())).ok_or(Overflow)?;
        let rounded = in_minor.checked_add(TEN_THOUSAND / 2).ok_or(Overflow)?.div_euclid(TEN_THOUSAND);
        let minor = i64::try_from(rounded).map_err(|_| Overflow)?;
        let least = if exact > 0 { 1 } else { 0 };
        Ok(Money::new(minor.max(least), currency))
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:04}", amount / 10_000, amount % 10_000)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_figure_is_the_same_in_every_currency() {
        let amount = Money::parse("12.50", Currency::Usd).unwrap();
        for (currency, expected) in
            [(Currency::Usd, "12.50"), (Currency::Eur, "12.50"), (Currency::Jpy, "12")]
        {
            assert_eq!(amount.figure_in(currency).to_string(), expected);
        }
        assert_eq!(Money::new(7, Currency::Jpy).figure_in(Currency::Eur).to_string(), "7.00");
    }

    #[test]
    fn prices_of_the_specification() {
        let cases = [
            (5, 500, Currency::Usd, "0.25"),
            (223, 500, Currency::Usd, "11.15"),
            (324, 500, Currency::Usd, "16.20"),
            (3, 300, Currency::Usd, "0.09"),
            (13, 300, Currency::Usd, "0.39"),
            (7, 450, Currency::Eur, "0.32"),
            (1, 270, Currency::Eur, "0.03"),
            (1, 240, Currency::Gbp, "0.02"),
            (1, 40, Currency::Usd, "0.01"),
            (3, 45_000, Currency::Jpy, "14"),
            (1, 45_000, Currency::Jpy, "5"),
            (1, 75_000, Currency::Jpy, "8"),
            (0, 500, Currency::Usd, "0.00"),
            (9, 0, Currency::Usd, "0.00"),
        ];
        for (units, price, currency, expected) in cases {
            let money = UnitPrice::from_ten_thousandths(price).price_of(units, currency).unwrap();
            assert_eq!(money.to_string(), expected, "{units} x {price} {}", currency.code());
        }
    }

    #[test]
    fn amounts_are_read_exactly() {
        let usd = |text| Money::parse(text, Currency::Usd).map(Money::minor);
        assert_eq!(usd("16.2"), Ok(1620));
        assert_eq!(usd("-0.05"), Ok(-5));
        assert_eq!(usd("1000"), Ok(100_000));
        assert_eq!(usd("1.500"), Ok(150));
        for wrong in ["", ".", "1.", "1,5", "1e3", "0x1", "+1", "--1", "1.005", "99999999999999999999"] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Money::parse("14", Currency::Jpy).map(Money::minor), Ok(14));
        assert!(Money::parse("14.5", Currency::Jpy).is_err());
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(Money::new(1, Currency::Usd).checked_add(Money::new(1, Currency::Eur)), None);
    }

    proptest! {
        #[test]
        fn a_printed_amount_reads_back(minor in any::<i32>(), jpy in any::<bool>()) {
            let money = Money::new(i64::from(minor), if jpy { Currency::Jpy } else { Currency::Usd });
            prop_assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
        }

        /// The oracle adds up whole and remainder, where the product adds a half and divides.
        #[test]
        fn a_price_is_rounded_half_up_and_never_wraps(
            units in prop_oneof![0u64..5_000, any::<u64>()],
            price in prop_oneof![0i64..30_000, 0i64..=i64::MAX],
            jpy in any::<bool>(),
        ) {
            let (currency, minor_units) = if jpy { (Currency::Jpy, 1) } else { (Currency::Usd, 100) };
            let exact =
                i128::from(units).checked_mul(i128::from(price)).and_then(|exact| exact.checked_mul(minor_units));
            let expected = exact
                .map(|exact| (exact / 10_000 + i128::from(exact % 10_000 >= 5_000)).max(i128::from(exact > 0)))
                .and_then(|minor| i64::try_from(minor).ok())
                .map(|minor| Money::new(minor, currency))
                .ok_or(Overflow);
            prop_assert_eq!(UnitPrice::from_ten_thousandths(price).price_of(units, currency), expected);
        }
    }
}
