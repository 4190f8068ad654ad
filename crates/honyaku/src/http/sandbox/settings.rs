//! The sandbox as a whole: overview, credits, robot, wipe.

use crate::http::answer::Answer;
use crate::http::call::Call;
use crate::http::failure::Failure;
use domain::event::Actor;
use domain::fault::Fault;
use domain::money::Money;
use serde_json::{Map, Value, json};
use service::{Error, credits, look, sandbox};
use store::sandboxes::Keep;
use wire::field::{boolean, decimal_text, given};
use wire::json::{Json, Object};

/// The most test credits that one call adds.
const GRANT_MOST: &str = "10000.00";

/// `GET sandbox`
pub async fn overview(call: Call) -> Result<Answer, Failure> {
    call.read(sandbox::overview).await.map(Answer::from)
}

/// `PUT sandbox`: with `original_behaviour` 1, steps by hand send no callbacks.
pub async fn set(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let silent = boolean(data.get("original_behaviour")).map_err(|found| {
        call.fault(&Fault::new(1352, format!("original_behaviour {found}")).of("original_behaviour"))
    })?;
    let silent = silent.ok_or_else(|| {
        call.fault(&Fault::new(1352, "send original_behaviour 1 or 0").of("original_behaviour"))
    })?;
    call.write(&data, move |tx, ctx| {
        store::accounts::set_controls_silent(tx, ctx.scope, silent)?;
        sandbox::overview(tx, ctx)
    })
    .await
}

/// `POST sandbox/credits`
pub async fn credits(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let currency = call.read(look::account).await?.currency;
    let read = |name: &'static str| -> Result<Option<(&'static str, Money)>, Fault> {
        let text = decimal_text(data.get(name))
            .map_err(|found| Fault::new(1352, format!("{name} {found}")).of(name))?;
        text.map(|text| Money::parse(text, currency).map(|amount| (name, amount)))
            .transpose()
            .map_err(|found| Fault::new(1352, format!("{name}: {found}")).of(name))
    };
    let given = || Ok::<_, Fault>(read("set")?.or(read("add")?).or(read("amount")?));
    let (name, amount) = given().map_err(|fault| call.fault(&fault))?.ok_or_else(|| {
        let text = "send add or set with an amount such as \"100.00\"";
        call.fault(&Fault::new(1352, text).of("add"))
    })?;
    let most = Money::parse(GRANT_MOST, currency).map_or(1_000_000, Money::minor);
    if name != "set" && amount.minor() > most {
        let text = format!("{amount} is too much; at most 10,000 at a time");
        return Err(call.fault(&Fault::new(1352, text).of(name)));
    }
    call.write(&data, move |tx, ctx| {
        let balance = match name {
            "set" => credits::set(tx, ctx, amount),
            _ => credits::grant(tx, ctx, amount),
        };
        let balance = balance.map_err(|error| match error {
            Error::Fault(fault) => Error::Fault(fault.of(name)),
            other => other,
        })?;
        Ok(json!({ "credits": balance.to_string() }))
    })
    .await
}

/// `GET sandbox/robot`
pub async fn robot(call: Call) -> Result<Answer, Failure> {
    call.read(|_, ctx| Ok(ctx.robot()?.show())).await.map(Answer::from)
}

/// `PUT` or `POST sandbox/robot`
pub async fn set_robot(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let changes: Map<String, Value> = data
        .iter()
        .filter(|(_, value)| given(Some(value)).is_some())
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect();
    let apply = boolean(data.get("apply_to_open")).map_err(|found| {
        call.fault(&Fault::new(1352, format!("apply_to_open {found}")).of("apply_to_open"))
    })?;
    call.write(&data, move |tx, ctx| sandbox::set_robot(tx, ctx, &changes, apply.unwrap_or(false))).await
}

/// The request's JSON as plain values; numbers keep their text if they are no integers.
fn plain(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(on) => json!(on),
        Json::Number(text) => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        Json::String(text) => json!(text),
        Json::List(elements) => elements.iter().map(plain).collect(),
        Json::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.to_owned(), plain(value))).collect())
        }
    }
}

/// `POST sandbox/wipe`
pub async fn wipe(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let account = call.read(look::account).await?;
    let confirmed = matches!(data.get("confirm"), Some(Json::String(text)) if *text == account.short_name);
    if !confirmed {
        let text = format!(
            "send confirm with the account's short name, {:?}: a wipe cannot be undone",
            account.short_name
        );
        return Err(call.fault(&Fault::new(1352, text).of("confirm")));
    }
    let keep = keep(&data).map_err(|fault| call.fault(&fault))?;
    if let Some(run) = call.caller()?.key.test_run.clone() {
        call.run(Actor::Sandbox, move |tx, ctx| sandbox::wipe_run(tx, ctx, &run)).await?;
        return Ok(Answer::empty());
    }
    let start = call.app.edge.start_credits(account.currency);
    call.run(Actor::Sandbox, move |tx, ctx| sandbox::wipe(tx, ctx, keep, start)).await?;
    Ok(Answer::empty())
}

/// What stays; keys do unless something else is listed.
fn keep(data: &Object) -> Result<Keep, Fault> {
    let fault = |found: String| {
        Fault::new(1352, format!("keep {found}: send a list of keys, glossaries, robot")).of("keep")
    };
    let list = wire::field::list(data.get("keep")).map_err(|found| fault(found.to_string()))?;
    let Some(list) = list else { return Ok(Keep { keys: true, ..Keep::default() }) };
    let mut keep = Keep::default();
    for kept in list {
        match kept {
            Json::String(text) if text == "keys" => keep.keys = true,
            Json::String(text) if text == "glossaries" => keep.glossaries = true,
            Json::String(text) if text == "robot" => keep.robot = true,
            other => return Err(fault(format!("holds {}", wire::json::shown(other)))),
        }
    }
    Ok(keep)
}
