//! A part of a multipart body that has a file name.

use bytes::Bytes;

/// Longest text that a part with a file name may carry as a plain parameter: a comment of
/// 25,000 characters of four bytes, and some more so that a longer one gets its own error.
const PARAMETER_MAX_BYTES: usize = 128 * 1024;

/// A part with a file name. It may still be a plain parameter: one client gives its
/// comment text a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The name of the part.
    pub part_name: String,
    /// The file name as sent.
    pub file_name: String,
    /// The part's own content type.
    pub content_type: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

impl FilePart {
    /// The file name without the folders that three clients send with it.
    pub fn base_name(&self) -> &str {
        self.file_name.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// The content as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok()
    }

    /// The content as the text of a parameter, if it may be one. A file name that says
    /// nothing but the name of the part is what clients invent for plain text.
    pub(super) fn parameter_text(&self) -> Option<&str> {
        let invented = self.file_name == self.part_name || self.file_name.is_empty();
        (invented || self.bytes.len() <= PARAMETER_MAX_BYTES).then(|| self.text()).flatten()
    }
}
