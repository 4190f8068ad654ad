//! `translate/service/quote`: what an order now would cost. Contract: api-v2 6.5.

use super::fields::Reach;
use super::order_level;
use super::submission::Rules;
use crate::http::answer::Answer;
use crate::http::call::Call;
use crate::http::failure::Failure;
use domain::fault::Fault;
use domain::job::Status;
use domain::money::{Currency, Money};
use serde_json::{Value, json};
use service::draft::Draft;
use service::estimate::{self, effective_tier};
use service::{Context, Error, look, machine, pay};
use std::collections::HashSet;
use std::sync::Arc;
use store::sql::Tx;
use wire::answer::keyed_as_sent;
use wire::field::given;
use wire::json::{Json, Object};

/// `POST translate/service/quote`
pub async fn quote(mut call: Call) -> Result<Answer, Failure> {
    let has_files = call.params.files.iter().any(|file| !file.bytes.is_empty());
    let data = call.data()?.object;
    if has_files || asks_for_files(&data) {
        return Err(not_yet(&call));
    }
    let scope = call.caller()?.scope();
    let glossaries = call.read(|tx, ctx| Ok(store::glossaries::list(tx, ctx.scope)?)).await?;
    let app = Arc::clone(&call.app);
    let parsed = tokio::task::spawn_blocking(move || {
        let rules = Rules {
            limits: &app.limits,
            reach: Reach::of(&app, scope),
            glossaries: &glossaries,
            machine: machine::is_offered(scope),
            detect: true,
        };
        let mut sent = order_level::sort(data, app.limits.jobs_per_order)?;
        // A quote asks for texts; what goes with an order is not looked at.
        sent.order = Object::default();
        let is_to_be_detected = |job: &Object| given(job.get("lc_src")).is_none();
        let detected: Vec<bool> =
            sent.jobs.iter().map(|(_, job)| job.as_ref().is_ok_and(is_to_be_detected)).collect();
        order_level::jobs(sent, &rules).map(|drafts| drafts.into_iter().zip(detected).collect::<Vec<_>>())
    });
    let drafts: Vec<(Draft, bool)> = parsed
        .await
        .map_err(|panic| Failure::broken(panic.to_string(), call.origin()))?
        .map_err(|error: Error| Failure::from_service(error, call.origin()))?;
    let quotes = call
        .read(move |tx, ctx| {
            let currency = look::account(tx, ctx)?.currency;
            let mut seen: HashSet<[u8; 32]> = HashSet::new();
            let mut quotes = Vec::with_capacity(drafts.len());
            for (draft, detected) in &drafts {
                let repeated = !seen.insert(draft.text_key);
                let (charged, known) = charge(tx, ctx, draft, repeated, currency)?;
                let tier = effective_tier(draft.tier, draft.edit);
                let mut quote = json!({
                    "unit_count": draft.units,
                    "credits": number(charged),
                    "eta": estimate::quoted_s(ctx, tier, draft.lc_src, draft.units)?,
                    "type": "text",
                    "currency": currency.code(),
                    "lc_src": draft.lc_src,
                    "lc_src_detected": detected_code(draft, *detected),
                });
                if let Some(custom_data) = &draft.custom_data {
                    quote["custom_data"] = json!(custom_data);
                }
                if known {
                    quote["known"] = json!(1);
                }
                quotes.push((draft.key.clone(), quote));
            }
            Ok(quotes)
        })
        .await?;
    Ok(Answer::of("jobs", keyed_as_sent(quotes)))
}

/// The language that the text seems to be in; what was sent, if that cannot be told.
fn detected_code(draft: &Draft, was_detected: bool) -> &'static str {
    if was_detected {
        return draft.lc_src;
    }
    super::submission::detected(&draft.body_src).map_or(draft.lc_src, |language| language.code)
}

/// What an order now would charge for the draft, and whether its text is known. Old jobs that are
/// not paid yet would be bought.
fn charge(
    tx: &mut Tx<'_>,
    ctx: &Context,
    draft: &Draft,
    repeated: bool,
    currency: Currency,
) -> Result<(Money, bool), Error> {
    let priced = pay::price(draft.lc_src, draft.lc_tgt, draft.tier, draft.edit, draft.units, currency)?;
    let price = priced.map_or(Money::zero(currency), |(_, price)| price);
    if draft.force {
        return Ok((price, false));
    }
    if repeated {
        return Ok((Money::zero(currency), true));
    }
    let old = store::jobs::with_text(tx, ctx.scope, &draft.text_key)?;
    if old.is_empty() {
        return Ok((price, false));
    }
    let unpaid = old.iter().filter(|job| job.status == Status::Unpaid).count() as i64;
    Ok((Money::new(price.minor().saturating_mul(unpaid), currency), true))
}

/// An amount as a JSON number with exactly its digits.
fn number(amount: Money) -> Value {
    if amount.minor() == 0 {
        return json!(0);
    }
    let text = amount.to_string();
    serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
}

fn asks_for_files(data: &Object) -> bool {
    let is_file = |job: &Json| match job {
        Json::Object(job) => {
            matches!(job.get("type"), Some(Json::String(kind)) if kind == "file")
                || job.get("file_key").is_some()
        }
        _ => false,
    };
    match data.get("jobs") {
        Some(Json::Object(jobs)) => jobs.iter().any(|(_, job)| is_file(job)),
        Some(Json::List(jobs)) => jobs.iter().any(is_file),
        _ => false,
    }
}

/// `POST translate/service/quote/file`
pub async fn file(call: Call) -> Result<Answer, Failure> {
    Err(not_yet(&call))
}

fn not_yet(call: &Call) -> Failure {
    call.fault(&Fault::new(1802, "file quotes are not available on this server yet: send the text itself"))
}
