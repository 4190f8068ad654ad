//! Parameters of header values: `form-data; name=a; filename*=UTF-8''b.txt`.
//!
//! The libraries at hand each refuse something that real clients send: blanks in an
//! unquoted file name, `=` in an unquoted boundary, `filename*`. This reader refuses
//! nothing; what it cannot make sense of, it leaves out.

use encoding_rs::Encoding;
use percent_encoding::percent_decode;

/// The value before the parameters, in lower case.
pub(super) fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parameters of a header value.
pub(super) struct HeaderParams(Vec<(String, Vec<u8>)>);

impl HeaderParams {
    pub(super) fn of(value: &[u8]) -> HeaderParams {
        let mut params = Vec::new();
        let mut rest = after(value, b';');
        while !rest.is_empty() {
            let name_end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
            let name = String::from_utf8_lossy(rest[..name_end].trim_ascii()).to_ascii_lowercase();
            if rest.get(name_end) == Some(&b'=') {
                let (value, after_value) = value_of(&rest[name_end + 1..]);
                params.push((name, value));
                rest = after_value;
            } else {
                rest = after(rest, b';');
            }
        }
        HeaderParams(params)
    }

    /// The parameter's bytes: of its extended form (`name*`), if there is a readable one, else of the plain one,
    /// of its pieces (`name*0`, `name*1`), or what stands there: a file whose name is spoilt is still a file.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let find = |wanted: &str| self.0.iter().find(|(known, _)| known == wanted).map(|(_, value)| value);
        let unreadable = find(&format!("{name}*"));
        let readable = unreadable.and_then(|value| extended(value));
        let plain = readable.or_else(|| find(name).cloned());
        plain.or_else(|| self.in_pieces(name)).or_else(|| unreadable.cloned())
    }

    /// A value that comes in pieces (RFC 2231, 3 and 4.1).
    fn in_pieces(&self, name: &str) -> Option<Vec<u8>> {
        let number = |known: &str| -> Option<u32> {
            known.strip_prefix(name)?.strip_prefix('*')?.trim_end_matches('*').parse().ok()
        };
        let mut pieces: Vec<(u32, &[u8])> =
            self.0.iter().filter_map(|(known, value)| Some((number(known)?, value.as_slice()))).collect();
        pieces.sort_by_key(|(number, _)| *number);
        let whole = pieces.into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().concat();
        (!whole.is_empty()).then(|| extended(&whole).unwrap_or(whole))
    }
}

/// What follows the first `separator`.
fn after(text: &[u8], separator: u8) -> &[u8] {
    text.iter().position(|&byte| byte == separator).map_or(&[], |at| &text[at + 1..])
}

/// The value at the beginning, quoted or not, and what follows its semicolon.
fn value_of(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let text = text.trim_ascii_start();
    match text.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = closing_quote(quoted);
            let rest = quoted.get(end + 1..).unwrap_or_default();
            (unescaped(&quoted[..end]), after(rest, b';'))
        }
        None => {
            let end = text.iter().position(|&byte| byte == b';').unwrap_or(text.len());
            (text[..end].trim_ascii_end().to_vec(), after(text, b';'))
        }
    }
}

/// The first quote without a backslash before it. In `"C:\"` the backslash belongs to the
/// path: if no other quote follows, the last one closes.
fn closing_quote(quoted: &[u8]) -> usize {
    let is_quote = |&at: &usize| quoted[at] == b'"';
    let free = (0..quoted.len()).filter(is_quote).find(|&at| at == 0 || quoted[at - 1] != b'\\');
    free.or_else(|| (0..quoted.len()).rfind(is_quote)).unwrap_or(quoted.len())
}

/// Quotes as browsers (`%22`) and the RFC (`\"`) write them. Other backslashes stay: they
/// belong to Windows paths.
fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((&byte, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"\\\"").or_else(|| rest.strip_prefix(b"%22")) {
            out.push(b'"');
            rest = tail;
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

/// `UTF-8'en'na%C3%AFve.txt`: the charset, a language that nobody uses, the encoded bytes.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    let text = Encoding::for_label(charset)?.decode_without_bom_handling_and_without_replacement(&bytes)?;
    Some(text.into_owned().into_bytes())
}
