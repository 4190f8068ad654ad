//! Whether a CSV file is whole, and if not, where it is broken. The reader behind this forgives
//! too much: it makes one cell of all that follows a quote that nobody closed.

/// What is wrong, and where: lines as an editor counts them, columns as a table has them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A quote that is open when the file ends.
    #[error("line {0}, column {1}: the quote that opens here is never closed")]
    Open(usize, usize),
    /// A quote that closes before the cell ends: mostly one that was left open in an earlier line.
    #[error(
        "line {0}, column {1}: the quote that opens here closes before the cell ends: write a quote inside a cell twice"
    )]
    ClosedEarly(usize, usize),
    /// A byte that no text has.
    #[error("line {0}, column {1}: a NUL byte: save the file as UTF-8")]
    Nul(usize, usize),
    /// A row with more or fewer cells than the first.
    #[error("line {line} has {cells} columns and not {expected}, as the first row has")]
    Ragged {
        /// Where the row begins.
        line: usize,
        /// How many cells it has.
        cells: usize,
        /// How many the first row has.
        expected: usize,
    },
}

/// Where in a cell the walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    AfterQuote,
}

/// A walk over the bytes of a file.
struct Walk {
    at: At,
    line: usize,
    column: usize,
    /// The line that the row begins in.
    row_line: usize,
    /// Where the last quote opened.
    opened: (usize, usize),
    /// How many cells the first row has.
    expected: Option<usize>,
}

/// Refuses a file that is not whole. Empty lines are nothing.
pub fn check(csv: &[u8]) -> Result<(), Broken> {
    let mut walk = Walk { at: At::Start, line: 1, column: 1, row_line: 1, opened: (1, 1), expected: None };
    let mut bytes = csv.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        // Lines end with either byte, or with both.
        let byte = match byte {
            b'\r' if bytes.next_if_eq(&b'\n').is_some() => b'\n',
            b'\r' => b'\n',
            byte => byte,
        };
        walk.step(byte)?;
    }
    if walk.at == At::Quoted {
        return Err(Broken::Open(walk.opened.0, walk.opened.1));
    }
    walk.end_row()
}

impl Walk {
    fn step(&mut self, byte: u8) -> Result<(), Broken> {
        match (self.at, byte) {
            (_, 0) => return Err(Broken::Nul(self.line, self.column)),
            (At::Start, b'"') => {
                self.opened = (self.line, self.column);
                self.at = At::Quoted;
            }
            (At::Quoted, b'"') => self.at = At::AfterQuote,
            (At::AfterQuote, b'"') => self.at = At::Quoted,
            (At::Quoted, b'\n') => self.line += 1,
            (At::Quoted, _) => {}
            (_, b',') => {
                self.column += 1;
                self.at = At::Start;
            }
            (_, b'\n') => {
                self.end_row()?;
                self.line += 1;
                (self.row_line, self.column, self.at) = (self.line, 1, At::Start);
            }
            (At::AfterQuote, _) => return Err(Broken::ClosedEarly(self.opened.0, self.opened.1)),
            (At::Start | At::Plain, _) => self.at = At::Plain,
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Broken> {
        let (cells, is_empty) = (self.column, self.column == 1 && self.at == At::Start);
        match self.expected {
            _ if is_empty => Ok(()),
            Some(expected) if expected != cells => {
                Err(Broken::Ragged { line: self.row_line, cells, expected })
            }
            _ => {
                self.expected = Some(cells);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_files_are_refused_with_the_place() {
        let cases: [(&str, Broken); 9] = [
            ("en,ja\ncat,\"猫\n", Broken::Open(2, 2)),
            ("en,ja\n\"cat,猫\ndog,犬\n", Broken::Open(2, 1)),
            ("en,ja\n\"cat,猫\n\"dog\",犬\n", Broken::ClosedEarly(2, 1)),
            ("en,ja\n\"a\nb\",\"c\" d\n", Broken::ClosedEarly(3, 2)),
            ("en,ja\ncat,猫\0\n", Broken::Nul(2, 2)),
            ("en,ja\n\"cat\0\",猫\n", Broken::Nul(2, 1)),
            ("en,ja\r\ncat\r\n", Broken::Ragged { line: 2, cells: 1, expected: 2 }),
            ("en,ja\n\"a\nb\",c\n\nd,e,f", Broken::Ragged { line: 5, cells: 3, expected: 2 }),
            ("en,ja\rcat,猫\rdog\r", Broken::Ragged { line: 3, cells: 1, expected: 2 }),
        ];
        for (csv, expected) in cases {
            assert_eq!(check(csv.as_bytes()), Err(expected), "{csv:?}");
        }
    }

    #[test]
    fn whole_files_pass() {
        let cases = [
            "",
            "en,ja",
            "en,ja\ncat,猫\n\n\r\n\n",
            "en,ja\r\n\"cat, big\",\"a \"\"b\"\"\"\r\n",
            "en,ja\n\"two\nlines\",\"\"\n",
            "en,ja\n5\" pipe,管\n",
        ];
        for csv in cases {
            assert_eq!(check(csv.as_bytes()), Ok(()), "{csv:?}");
        }
    }
}
