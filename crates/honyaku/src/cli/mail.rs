//! `honyaku mail list|test`

use super::open::{config, installation, text};
use super::{Outcome, say};
use crate::app::real_now;
use crate::mailer::Mailer;
use clap::ArgMatches;
use domain::ids::AccountId;
use serde_json::json;
use store::mails::{self, Mail};

const LISTED: i64 = 1_000;

pub fn run(matches: &ArgMatches) -> Outcome {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("test", matches)) => test(matches),
        _ => Err("say list or test".into()),
    }
}

fn list(matches: &ArgMatches) -> Outcome {
    for mail in installation(matches)?.write(|tx, _| Ok(mails::list(tx, LISTED)?))? {
        say(json!({
            "id": mail.id,
            "to": mail.recipient,
            "kind": mail.kind,
            "subject": mail.subject,
            "state": mail.state,
            "attempts": mail.attempts,
            "error": mail.error,
            "ctime": mail.created_at.seconds(),
        }));
    }
    Ok(())
}

fn test(matches: &ArgMatches) -> Outcome {
    let mailer =
        Mailer::new(&config(matches)?)?.ok_or("mail.smtp is not set: mails wait and are not sent")?;
    let recipient = text(matches, "to");
    let mail = Mail {
        id: 0,
        account: AccountId(0),
        recipient: recipient.clone(),
        kind: "test".to_owned(),
        subject: "A test from Honyaku · テスト".to_owned(),
        body: "If you can read this, mail works.\nこのメールが届いていれば、送信設定は正常です。\n"
            .to_owned(),
        state: "waiting".to_owned(),
        attempts: 1,
        error: None,
        created_at: real_now(),
    };
    mailer.send(&mail)?;
    say(format_args!("the mail server took a mail for {recipient}"));
    Ok(())
}
