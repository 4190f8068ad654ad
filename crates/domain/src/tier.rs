//! placeholder
/// Tier
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// .
    Machine,
    /// .
    Standard,
    /// .
    Pro,
    /// .
    Ultra,
}
impl Tier {
    /// .
    pub fn code(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Standard => "standard",
            Self::Pro => "pro",
            Self::Ultra => "ultra",
        }
    }
    /// .
    pub fn parse(t: &str) -> Option<Self> {
        [Self::Machine, Self::Standard, Self::Pro, Self::Ultra].into_iter().find(|c| c.code() == t)
    }
}
