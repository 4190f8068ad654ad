//! Instructions inside a job: `[[[sandbox: take=2s; submit=5s]]]` in its text, or a line
//! `sandbox: take=2s` in a comment it was ordered with. Source: sandbox 3.4.

const PREFIX: &str = "sandbox:";
const SLOW_MOST_S: u64 = 60;
const DELAY_MOST_MS: i64 = 30 * 24 * 3600 * 1000;

/// How long the robot waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Milliseconds.
    After(i64),
    /// It does nothing.
    Never,
}

/// What is done to a job's callbacks on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackTrick {
    /// Not sent.
    None,
    /// Sent twice.
    Twice,
    /// Sent a minute late.
    Late,
    /// Cut off in the middle.
    Garbled,
}

impl CallbackTrick {
    const ALL: [Self; 4] = [Self::None, Self::Twice, Self::Late, Self::Garbled];

    /// As written in an instruction, and as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Twice => "twice",
            Self::Late => "late",
            Self::Garbled => "garbled",
        }
    }
}

/// What a job tells the robot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instructions {
    /// When it takes the job.
    pub take: Option<Delay>,
    /// When it hands in.
    pub submit: Option<Delay>,
    /// When it hands in corrections.
    pub revise: Option<Delay>,
    /// What it says after taking.
    pub comment: Option<String>,
    /// What it says after handing in.
    pub comment_after: Option<String>,
    /// The translation.
    pub text: Option<String>,
    /// Why support holds the job.
    pub flag: Option<String>,
    /// How long a hold lasts.
    pub release: Option<Delay>,
    /// It gives the job back once.
    pub decline: bool,
    /// It lets the deadline pass once.
    pub expire: bool,
    /// A senior translator does it.
    pub senior: bool,
    /// How often it corrects itself.
    pub revisions: u32,
    /// The order fails with this code.
    pub error: Option<u16>,
    /// The order is answered after so many seconds.
    pub slow_s: u64,
    /// What is done to its callbacks.
    pub callback: Option<CallbackTrick>,
    /// What was not understood, and why.
    pub unknown: Vec<String>,
}

/// The instructions of a text and of the comment lines kept with it; later ones win.
pub fn parse(body_src: &str, comment_lines: &str) -> Instructions {
    let mut instructions = Instructions::default();
    let mut rest = body_src;
    while let Some((_, after)) = rest.split_once("[[[") {
        let Some((inside, after)) = after.split_once("]]]") else { break };
        if let Some(list) = strip_prefix(inside) {
            instructions.read(list);
        }
        rest = after;
    }
    for line in comment_lines.lines() {
        if let Some(list) = strip_prefix(line) {
            instructions.read(list);
        }
    }
    instructions
}

/// The lines that one job may have, in bytes.
pub const LINES_BYTES: usize = 2_000;

/// The lines of a comment that instruct the robot, if there are any.
pub fn lines(comment: &str) -> Option<String> {
    let lines: Vec<&str> = comment.lines().filter(|line| strip_prefix(line).is_some()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn strip_prefix(text: &str) -> Option<&str> {
    let text = text.trim();
    let prefix = text.get(..PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then(|| &text[PREFIX.len()..])
}

impl Instructions {
    fn read(&mut self, list: &str) {
        for part in split_outside_quotes(list) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), value.trim()),
                None => (part, ""),
            };
            if let Err(reason) = self.obey(&name.to_ascii_lowercase(), value) {
                self.unknown.push(format!("{part} ({reason})"));
            }
        }
    }

    fn obey(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "take" => self.take = Some(delay(value)?),
            "submit" => self.submit = Some(delay(value)?),
            "revise" => self.revise = Some(delay(value)?),
            "release" => self.release = Some(delay(value)?),
            "comment" => self.comment = Some(quoted(value)?),
            "comment_after" => self.comment_after = Some(quoted(value)?),
            "text" => self.text = Some(quoted(value)?),
            "flag" => self.flag = Some(quoted(value)?),
            "decline" => self.decline = true,
            "expire" => self.expire = true,
            "senior" => self.senior = true,
            "revisions" => self.revisions = value.parse().map_err(|_| "write a number")?,
            "error" => self.error = Some(value.parse().map_err(|_| "write an error code")?),
            "slow" => self.slow_s = slow(value)?,
            "callback" => self.callback = Some(trick(value)?),
            _ => return Err("unknown"),
        }
        Ok(())
    }
}

/// Cuts at `;`, but not inside double quotes.
fn split_outside_quotes(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, letter) in list.char_indices() {
        match letter {
            '"' => inside = !inside,
            ';' if !inside => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

fn quoted(value: &str) -> Result<String, &'static str> {
    let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if inside.trim().is_empty() { Err("write a text in double quotes") } else { Ok(inside.to_owned()) }
}

fn delay(value: &str) -> Result<Delay, &'static str> {
    const HOW: &str = "write 0s, 90s, 5m, 2h or never";
    if value.eq_ignore_ascii_case("never") {
        return Ok(Delay::Never);
    }
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = value[..digits].parse().map_err(|_| HOW)?;
    let unit_ms = match &value[digits..] {
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(HOW),
    };
    match number.checked_mul(unit_ms) {
        Some(ms) if ms <= DELAY_MOST_MS => Ok(Delay::After(ms)),
        _ => Err("at most 30 days"),
    }
}

fn slow(value: &str) -> Result<u64, &'static str> {
    match delay(value)? {
        Delay::After(ms) if ms.unsigned_abs() <= SLOW_MOST_S * 1_000 => Ok(ms.unsigned_abs() / 1_000),
        _ => Err("at most 60s"),
    }
}

fn trick(value: &str) -> Result<CallbackTrick, &'static str> {
    let known = CallbackTrick::ALL.into_iter().find(|trick| trick.code().eq_ignore_ascii_case(value));
    known.ok_or("write none, twice, late or garbled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_is_read() {
        let text = r#"Hello [[[sandbox: take=2s; submit=5m; revise=2h; comment="a; b"; comment_after="c"; text="t"; flag="f";
            release=never; decline; expire; senior; revisions=2; error=2700; slow=3s; callback=twice]]] world"#;
        let read = parse(text, "");
        let expected = Instructions {
            take: Some(Delay::After(2_000)),
            submit: Some(Delay::After(300_000)),
            revise: Some(Delay::After(7_200_000)),
            comment: Some("a; b".into()),
            comment_after: Some("c".into()),
            text: Some("t".into()),
            flag: Some("f".into()),
            release: Some(Delay::Never),
            decline: true,
            expire: true,
            senior: true,
            revisions: 2,
            error: Some(2700),
            slow_s: 3,
            callback: Some(CallbackTrick::Twice),
            unknown: vec![],
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn comment_lines_win_over_the_text() {
        let comment = lines("Dear translator\nsandbox: take=9s\nthanks").unwrap();
        assert_eq!(parse("[[[sandbox: take=1s]]]", &comment).take, Some(Delay::After(9_000)));
        assert_eq!(lines("no instruction"), None);
    }

    #[test]
    fn what_is_not_understood_is_reported() {
        let read = parse("[[[sandbox: tke=1s; take=soon; slow=5m; callback=loud]]]", "");
        assert_eq!(read.unknown.len(), 4);
        assert_eq!(read.take, None);
    }

    #[test]
    fn other_brackets_are_no_instructions() {
        assert_eq!(parse("[[[do not translate]]] [[[sandbox", ""), Instructions::default());
    }
}
