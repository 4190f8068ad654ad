//! `translate/service/…` but for quotes. Contract: api-v2 6.5.

use super::fields;
use super::submission;
use crate::http::answer::Answer;
use crate::http::call::Call;
use crate::http::failure::Failure;
use domain::catalogue;
use domain::fault::Fault;
use domain::language;
use serde_json::{Map, Value, json};
use service::{look, machine};
use wire::json::{Json, Object};

/// `GET translate/service/languages`
pub async fn languages(_call: Call) -> Result<Answer, Failure> {
    let list: Vec<Value> = language::all()
        .iter()
        .map(|language| {
            json!({
                "language": language.name,
                "localized_name": language.localized_name,
                "lc": language.code,
                "unit_type": language.unit.code(),
            })
        })
        .collect();
    Ok(Value::from(list).into())
}

/// `GET translate/service/language_pairs`
pub async fn language_pairs(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let only = match data.get("lc_src") {
        Some(Json::String(text)) if !text.is_empty() => {
            Some(language::find(text).map_or("", |language| language.code))
        }
        _ => None,
    };
    let currency = call.read(look::account).await?.currency;
    let with_machine = machine::is_offered(call.caller()?.scope());
    let mut list: Vec<Value> = Vec::new();
    for offer in catalogue::offers(with_machine) {
        if only.is_some_and(|code| code != offer.lc_src) {
            continue;
        }
        if let Some(price) = catalogue::unit_price(offer.lc_src, offer.lc_tgt, offer.tier, currency) {
            list.push(json!({
                "lc_src": offer.lc_src,
                "lc_tgt": offer.lc_tgt,
                "tier": offer.tier.code(),
                "unit_price": price.to_string(),
                "currency": currency.code(),
            }));
        }
    }
    Ok(Value::from(list).into())
}

/// `GET translate/service/language_matrix`
pub async fn language_matrix(call: Call) -> Result<Answer, Failure> {
    let mut matrix: Map<String, Value> = Map::new();
    for offer in catalogue::offers(machine::is_offered(call.caller()?.scope())) {
        let targets = matrix.entry(offer.lc_src).or_insert_with(|| json!({}));
        if targets.get(offer.lc_tgt).is_none() {
            targets[offer.lc_tgt] = json!([]);
        }
        if let Some(tiers) = targets[offer.lc_tgt].as_array_mut() {
            tiers.push(json!(offer.tier.code()));
        }
    }
    Ok(Value::Object(matrix).into())
}

/// `GET` or `POST translate/service/unit_count`
pub async fn unit_count(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let most = call.app.limits.body_src_chars;
    let counted = tokio::task::spawn_blocking(move || counted(&data, most)).await;
    let counted = counted.map_err(|panic| Failure::broken(panic.to_string(), call.origin()))?;
    counted.map(Answer::from).map_err(|fault| call.fault(&fault))
}

fn counted(data: &Object, most: usize) -> Result<Value, Fault> {
    let text = match data.get("body_src") {
        None | Some(Json::Null) => return Err(Fault::new(1350, "send the text to count").of("body_src")),
        Some(value) => fields::text(Some(value), "body_src", 1351, most)?.unwrap_or_default(),
    };
    let source = match fields::text(data.get("lc_src"), "lc_src", 1551, 100)? {
        None => return Err(Fault::new(1400, "send a language code such as en or ja").of("lc_src")),
        Some(code) => language::find(&code).ok_or_else(|| {
            fields::fault(
                1551,
                "lc_src",
                format!("{} is no language of this service", wire::json::shown_text(&code)),
            )
        })?,
    };
    let units = text::count::count(&text, submission::unit(source.unit));
    Ok(json!({ "unit_type": source.unit.code(), "unit_count": units }))
}
