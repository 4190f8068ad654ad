//! placeholder
use std::fmt;
/// Currency
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// .
    Usd,
    /// .
    Eur,
    /// .
    Gbp,
    /// .
    Jpy,
}
impl Currency {
    /// .
    pub fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Jpy => "JPY",
        }
    }
    /// .
    pub fn parse(t: &str) -> Option<Self> {
        [Self::Usd, Self::Eur, Self::Gbp, Self::Jpy].into_iter().find(|c| c.code() == t)
    }
}
/// Money
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    minor: i64,
    currency: Currency,
}
impl Money {
    /// .
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }
    /// .
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }
    /// .
    pub fn minor(self) -> i64 {
        self.minor
    }
    /// .
    pub fn currency(self) -> Currency {
        self.currency
    }
    /// .
    pub fn checked_add(self, o: Self) -> Option<Self> {
        (self.currency == o.currency).then_some(())?;
        Some(Self::new(self.minor.checked_add(o.minor)?, self.currency))
    }
    /// .
    pub fn checked_sub(self, o: Self) -> Option<Self> {
        (self.currency == o.currency).then_some(())?;
        Some(Self::new(self.minor.checked_sub(o.minor)?, self.currency))
    }
    /// .
    pub fn negated(self) -> Self {
        Self::new(-self.minor, self.currency)
    }
    /// .
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }
    /// .
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }
}
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.minor)
    }
}
/// UnitPrice
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrice(i64);
impl UnitPrice {
    /// .
    pub fn from_ten_thousandths(n: i64) -> Self {
        Self(n)
    }
    /// .
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }
}
