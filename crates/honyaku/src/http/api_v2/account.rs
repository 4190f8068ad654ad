//! `account/…`. Contract: api-v2 6.1.

use crate::http::answer::Answer;
use crate::http::call::Call;
use crate::http::failure::Failure;
use serde_json::{Value, json};
use service::{accounts, look};

/// `GET account/stats`
pub async fn stats(call: Call) -> Result<Answer, Failure> {
    let (account, spent) = call.read(|tx, ctx| Ok((look::account(tx, ctx)?, look::spent(tx, ctx)?))).await?;
    Ok(json!({
        "credits_spent": spent.to_string(),
        "user_since": account.created_at.seconds(),
        "currency": account.currency.code(),
        "billing_type": "Pre-pay",
        "customer_type": "Retail",
    })
    .into())
}

/// `GET account/balance`
pub async fn balance(call: Call) -> Result<Answer, Failure> {
    let balance = call.read_briefly(look::balance).await?;
    Ok(json!({ "credits": balance.to_string(), "currency": balance.currency().code() }).into())
}

/// `GET account/me`
pub async fn me(call: Call) -> Result<Answer, Failure> {
    let (account, person) = call
        .read(|tx, ctx| Ok((look::account(tx, ctx)?, store::accounts::first_person(tx, ctx.scope.account)?)))
        .await?;
    Ok(match person {
        Some(person) => json!({
            "email": person.email,
            "full_name": person.full_name,
            "display_name": person.display_name,
            "language_code": person.language_code,
        }),
        None => json!({
            "email": "",
            "full_name": account.name,
            "display_name": account.name,
            "language_code": "en",
        }),
    }
    .into())
}

/// `GET account/preferred_translators`
pub async fn preferred_translators(call: Call) -> Result<Answer, Failure> {
    let preferences = call.read(accounts::preferred).await?;
    let mut groups: Vec<Value> = Vec::new();
    for preference in preferences {
        let translator = json!({
            "id": preference.translator.0,
            "number_of_jobs": preference.jobs,
            "last_login": preference.last_seen.seconds(),
        });
        let same = |group: &Value| {
            group["lc_src"] == preference.lc_src
                && group["lc_tgt"] == preference.lc_tgt
                && group["tier"] == preference.tier
        };
        match groups
            .last_mut()
            .filter(|group| same(group))
            .and_then(|group| group["translators"].as_array_mut())
        {
            Some(translators) => translators.push(translator),
            None => groups.push(json!({
                "lc_src": preference.lc_src,
                "lc_tgt": preference.lc_tgt,
                "tier": preference.tier,
                "translators": [translator],
            })),
        }
    }
    Ok(Value::from(groups).into())
}
