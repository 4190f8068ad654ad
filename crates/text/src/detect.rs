//! stub
/// .
pub struct Detection {
    /// .
    pub language: Option<String>,
}
/// .
pub fn detect(_: &str, _: &[&str]) -> Detection {
    Detection { language: None }
}
