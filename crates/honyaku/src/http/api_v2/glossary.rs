//! `translate/glossary`. Contract: api-v2 6.6.

use crate::http::answer::Answer;
use crate::http::call::{Call, id};
use crate::http::failure::Failure;
use domain::fault::Fault;
use domain::ids::{GlossaryId, Timestamp};
use domain::language;
use serde_json::{Value, json};
use store::glossaries::{self, Glossary};

/// `GET translate/glossary`
pub async fn list(call: Call) -> Result<Answer, Failure> {
    let glossaries = call.read(|tx, ctx| Ok(glossaries::list(tx, ctx.scope)?)).await?;
    Ok(Value::from(glossaries.iter().map(show).collect::<Vec<_>>()).into())
}

/// `GET translate/glossary/{id}`
pub async fn get(call: Call) -> Result<Answer, Failure> {
    find(&call).await.map(|glossary| show(&glossary).into())
}

/// `GET translate/glossary/download/{id}`
pub async fn download(call: Call) -> Result<Answer, Failure> {
    let id = find(&call).await?.id;
    let csv = call.read(move |tx, ctx| Ok(glossaries::csv(tx, ctx.scope, id)?)).await?;
    Ok(Answer::Raw { content_type: "text/csv; charset=utf-8", bytes: csv.unwrap_or_default() })
}

async fn find(call: &Call) -> Result<Glossary, Failure> {
    let text = call.path.first().map_or("", String::as_str);
    let found = match id(text).map(GlossaryId) {
        Some(id) => call.read(move |tx, ctx| Ok(glossaries::find(tx, ctx.scope, id)?)).await?,
        None => None,
    };
    found.ok_or_else(|| call.no_such(format!("no glossary {} in this account", wire::json::shown_text(text))))
}

/// Uploads come with a later version; until then each says so.
pub async fn upload(call: Call) -> Result<Answer, Failure> {
    let text = "glossary upload is not available on this server yet: the operator can put glossaries in";
    Err(call.fault(&Fault::new(1352, text).of("file_path")))
}

fn show(glossary: &Glossary) -> Value {
    // The record calls English en-US here, and only here.
    let code = if glossary.lc_src == "en" { "en-US" } else { &glossary.lc_src };
    let number = |code: &str| language::find(code).map_or(0, |language| language.id);
    let targets: Vec<Value> =
        glossary.targets.split(',').map(|target| json!([number(target), target])).collect();
    json!({
        "id": glossary.id.0,
        "customer_user_id": glossary.scope.account.0,
        "source_language_id": number(&glossary.lc_src),
        "source_language_code": code,
        "target_languages": targets,
        "is_public": false,
        "unit_count": glossary.unit_count,
        "description": glossary.description,
        "title": glossary.title,
        "status": 1,
        "ctime": written(glossary.created_at),
    })
}

/// UTC with six digits of fractions, as the record has it.
fn written(moment: Timestamp) -> String {
    let (days, ms_of_day) = (moment.0.div_euclid(86_400_000), moment.0.rem_euclid(86_400_000));
    let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days));
    let (s, ms) = (ms_of_day / 1000, ms_of_day % 1000);
    format!("{date} {:02}:{:02}:{:02}.{:06}", s / 3600, s / 60 % 60, s % 60, ms * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_of_fractions() {
        assert_eq!(written(Timestamp(1_342_666_630_526)), "2012-07-19 02:57:10.526000");
        assert_eq!(written(Timestamp(0)), "1970-01-01 00:00:00.000000");
    }
}
