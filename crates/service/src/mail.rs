//! What customers are told by mail, in their language. Each mail is a row of the outbox, written
//! in the transaction of what it tells of. Source: api-v2 8, engines K.

use crate::context::Context;
use crate::error::Error;
use domain::ids::{AccountId, Environment, Scope};
use store::destinations::{self, Paused};
use store::mails::{self, New};
use store::sql::Tx;

const PAUSED: &str = "destination paused";

/// Tells the owners of all accounts whose callbacks wait for a destination that it is paused.
/// Sandboxes send no mail unless the installation lets them.
pub(crate) fn destination_paused(tx: &mut Tx<'_>, ctx: &Context, destination: i64) -> Result<(), Error> {
    for scope in destinations::scopes_waiting(tx, destination)? {
        if scope.environment == Environment::Sandbox && !ctx.desk.sandbox_mail {
            continue;
        }
        let paused = destinations::paused(tx, scope)?.into_iter().find(|paused| paused.id == destination);
        if let Some(paused) = paused {
            tell_owner(tx, ctx, scope, &paused)?;
        }
    }
    Ok(())
}

fn tell_owner(tx: &mut Tx<'_>, ctx: &Context, scope: Scope, paused: &Paused) -> Result<(), Error> {
    let Some(owner) = owner(tx, scope.account)? else { return Ok(()) };
    let (subject, body) = match owner.language_code.as_str() {
        "ja" => paused_ja(&ctx.desk.api_base(scope.environment), scope, paused),
        _ => paused_en(&ctx.desk.api_base(scope.environment), scope, paused),
    };
    let mail =
        New { account: scope.account, recipient: &owner.email, kind: PAUSED, subject: &subject, body: &body };
    Ok(mails::insert(tx, &mail, ctx.real_now)?)
}

fn owner(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<store::accounts::Person>, Error> {
    Ok(store::accounts::first_person(tx, account)?)
}

fn paused_en(api: &str, scope: Scope, paused: &Paused) -> (String, String) {
    let mark = if scope.is_sandbox() { "[Sandbox] " } else { "" };
    let body = format!(
        "Hello,\n\n\
         our callbacks to this address have failed since {since}:\n\n    {address}\n\n\
         So we paused it. {waiting} of your callbacks wait for it, and none is lost.\n\n\
         What to do:\n\
         1. See what your server answered: GET {api}account/callbacks\n\
         2. When it works again: POST {api}account/callbacks/resume\n   \
            Everything that it missed is then sent.\n\n\
         Meanwhile GET {api}account/events tells all that callbacks would have told.\n",
        since = moment(paused),
        address = paused.address,
        waiting = paused.waiting,
    );
    (format!("{mark}Callbacks paused: your server has not answered for days"), body)
}

fn paused_ja(api: &str, scope: Scope, paused: &Paused) -> (String, String) {
    let mark = if scope.is_sandbox() { "[Sandbox] " } else { "" };
    let body = format!(
        "ご利用ありがとうございます。\n\n\
         次の宛先へのコールバックが {since} から失敗し続けています。\n\n    {address}\n\n\
         そのため、この宛先への送信を一時停止しました。お客様のコールバック {waiting} 件が送信待ちです。失われたものはありません。\n\n\
         ご対応のお願い:\n\
         1. サーバーの応答を確認する: GET {api}account/callbacks\n\
         2. 復旧後に送信を再開する: POST {api}account/callbacks/resume\n   \
            停止中に届かなかったものはすべて送信されます。\n\n\
         停止中の出来事は GET {api}account/events でも取得できます。\n",
        since = moment(paused),
        address = paused.address,
        waiting = paused.waiting,
    );
    (format!("{mark}コールバックを一時停止しました(応答がない状態が続いています)"), body)
}

/// Since when it fails, to the minute.
fn moment(paused: &Paused) -> String {
    match jiff::Timestamp::from_millisecond(paused.failing_since.0) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Timestamp;

    fn scope(environment: Environment) -> Scope {
        Scope { account: AccountId(1), environment }
    }

    fn paused() -> Paused {
        Paused {
            id: 1,
            address: "https://hooks.acme.example:443".into(),
            failing_since: Timestamp(1_700_000_000_000),
            waiting: 3,
        }
    }

    #[test]
    fn both_languages_say_where_since_when_how_many_and_what_to_do() {
        for write in [paused_en, paused_ja] {
            let (subject, body) = write("https://t.example/v2/", scope(Environment::Live), &paused());
            assert!(subject.chars().count() <= 78 && !subject.contains("Sandbox"), "{subject}");
            for part in [
                "https://hooks.acme.example:443",
                "2023-11-14 22:13 UTC",
                "3",
                "POST https://t.example/v2/account/callbacks/resume",
            ] {
                assert!(body.contains(part), "{part} in {body}");
            }
            assert!(body.lines().all(|line| line.len() < 998));
        }
    }

    #[test]
    fn a_sandbox_says_so() {
        let (subject, body) =
            paused_en("https://t.example/sandbox/v2/", scope(Environment::Sandbox), &paused());
        assert!(subject.starts_with("[Sandbox] ") && subject.chars().count() <= 78, "{subject}");
        assert!(body.contains("/sandbox/v2/account/callbacks/resume"));
    }
}
