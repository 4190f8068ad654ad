//! The one table of error codes: what each means and what helps. Messages begin with the
//! code's words; the documentation page is made from the whole. Contract: api-v2 7.

mod job;
mod request;
mod submission;

/// A code with everything there is to say about it.
#[derive(Debug)]
pub struct ErrorCode {
    /// The number on the wire.
    pub number: u16,
    /// 200 for all that old clients must be able to read.
    pub http_status: u16,
    /// Whether this server sends it.
    pub sent: Sent,
    /// The original's words, with which `msg` begins.
    pub words: &'static str,
    /// The same in Japanese.
    pub words_ja: &'static str,
    /// Why it comes.
    pub cause: &'static str,
    /// The same in Japanese.
    pub cause_ja: &'static str,
    /// What helps.
    pub cure: &'static str,
    /// The same in Japanese.
    pub cure_ja: &'static str,
}

/// Whether a code can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It can.
    Yes,
    /// It cannot, for this reason.
    No(&'static str),
}

/// Every code, ascending.
pub fn all() -> impl Iterator<Item = &'static ErrorCode> {
    request::CODES.iter().chain(submission::CODES).chain(job::CODES)
}

/// The code with this number.
pub fn find(number: u16) -> Option<&'static ErrorCode> {
    all().find(|code| code.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the contract's table.
    const CONTRACT: &[u16] = &[
        1000, 1100, 1150, 1200, 1201, 1250, 1251, 1300, 1301, 1302, 1303, 1304, 1305, 1306, 1350, 1351, 1352,
        1400, 1450, 1500, 1501, 1551, 1601, 1651, 1701, 1751, 1754, 1758, 1800, 1801, 1802, 1803, 1804, 1851,
        1852, 1901, 1950, 1951, 1952, 2000, 2010, 2050, 2100, 2150, 2200, 2250, 2251, 2252, 2300, 2350, 2400,
        2401, 2450, 2500, 2501, 2502, 2503, 2550, 2600, 2650, 2700, 2750, 2751, 2752, 2753, 2800,
    ];

    #[test]
    fn every_code_of_the_contract_is_there_once_and_in_order() {
        for number in CONTRACT {
            assert!(find(*number).is_some(), "{number}");
        }
        let numbers: Vec<u16> = all().map(|code| code.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!(numbers.len(), CONTRACT.len() + 3);
    }

    #[test]
    fn every_code_is_explained_in_both_languages() {
        let is_japanese = |text: &str| text.chars().any(|letter| ('\u{3040}'..='\u{9fff}').contains(&letter));
        for code in all() {
            assert!(
                !code.words.is_empty() && !code.cause.is_empty() && !code.cure.is_empty(),
                "{}",
                code.number
            );
            for text in [code.words_ja, code.cause_ja, code.cure_ja] {
                assert!(is_japanese(text), "{} {text}", code.number);
            }
        }
    }

    #[test]
    fn old_clients_see_200_for_all_but_the_transports_own_errors() {
        for code in all() {
            let expected = match code.number {
                404 | 405 | 413 => code.number,
                2800 => 503,
                _ => 200,
            };
            assert_eq!(code.http_status, expected);
        }
    }
}
