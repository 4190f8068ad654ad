//! stub
/// .
pub struct ErrorCode {
    /// .
    pub number: u16,
    /// .
    pub http_status: u16,
    /// .
    pub words: &'static str,
    /// .
    pub words_ja: &'static str,
    /// .
    pub cause: &'static str,
    /// .
    pub cause_ja: &'static str,
    /// .
    pub cure: &'static str,
    /// .
    pub cure_ja: &'static str,
    /// .
    pub sent: Sent,
}
/// .
pub enum Sent {
    /// .
    Yes,
    /// .
    No(&'static str),
}
/// .
pub fn find(_n: u16) -> Option<&'static ErrorCode> {
    None
}
/// .
pub fn all() -> &'static [ErrorCode] {
    &[]
}
