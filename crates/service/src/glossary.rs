//! Glossaries: put in from CSV files, whose first row names the languages.

mod whole;

use crate::context::Context;
use crate::error::Error;
use domain::fault::Fault;
use domain::ids::GlossaryId;
use domain::language;
use store::glossaries::{self, Glossary};
use store::sql::Tx;

/// Puts a glossary in. The first row of the CSV has the source language and the targets,
/// each further row a term in them.
pub fn add(tx: &mut Tx<'_>, ctx: &Context, title: &str, csv: Vec<u8>) -> Result<GlossaryId, Error> {
    whole::check(without_mark(&csv)).map_err(|broken| wrong(&broken.to_string()))?;
    let (languages, terms) = read(&csv)?;
    if let Some((first, second)) = twice(&languages) {
        let text = format!("columns {first} and {second} of the first row are the same language");
        return Err(wrong(&text));
    }
    let [lc_src, targets @ ..] = languages.as_slice() else {
        return Err(wrong("the first row is empty"));
    };
    if targets.is_empty() {
        return Err(wrong("the first row names no target language"));
    }
    if terms.is_empty() {
        return Err(wrong("there is no term after the first row"));
    }
    let glossary = Glossary {
        id: GlossaryId(tx.reserve_ids("glossary", 1)?),
        scope: ctx.scope,
        title: title.to_owned(),
        description: None,
        lc_src: lc_src.clone(),
        targets: targets.join(","),
        unit_count: i64::try_from(terms.len()).unwrap_or(i64::MAX),
        created_at: ctx.now,
    };
    glossaries::insert(tx, &glossary, &csv)?;
    Ok(glossary.id)
}

fn wrong(what: &str) -> Error {
    Fault::new(1352, format!("the glossary cannot be read: {what}. Send CSV whose first row is the language codes, such as en,ja.")).into()
}

/// The file without the mark that some programs begin UTF-8 with.
fn without_mark(csv: &[u8]) -> &[u8] {
    csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv)
}

/// The first language that is there twice: its columns, counted from 1.
fn twice(languages: &[String]) -> Option<(usize, usize)> {
    (1..).zip(languages).find_map(|(second, language)| {
        let first = languages.iter().position(|other| other == language)? + 1;
        (first < second).then_some((first, second))
    })
}

/// The languages of the first row, and the terms of the others. Forgives what `add` refuses, for
/// the sake of glossaries that are there already.
fn read(csv: &[u8]) -> Result<(Vec<String>, Vec<Vec<String>>), Error> {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(without_mark(csv))
        .into_records();
    let header = match rows.next() {
        Some(Ok(header)) => header,
        Some(Err(error)) => return Err(wrong(&error.to_string())),
        None => return Err(wrong("it is empty")),
    };
    let mut languages = Vec::new();
    for name in &header {
        let language = language::find(name).ok_or_else(|| wrong(&format!("{name:?} is no language code")))?;
        languages.push(language.code.to_owned());
    }
    let mut terms = Vec::new();
    for row in rows {
        let row = row.map_err(|error| wrong(&error.to_string()))?;
        let cells: Vec<String> = row.iter().map(|cell| cell.trim().to_owned()).collect();
        if cells.first().is_some_and(|source| !source.is_empty()) {
            terms.push(cells);
        }
    }
    Ok((languages, terms))
}

/// The terms of a glossary's file for one target language.
pub(crate) fn terms(csv: &[u8], lc_tgt: &str) -> Vec<(String, String)> {
    let Ok((languages, rows)) = read(csv) else { return Vec::new() };
    let Some(column) = languages.iter().skip(1).position(|code| code == lc_tgt) else { return Vec::new() };
    rows.into_iter()
        .filter_map(|row| {
            let target = row.get(column + 1).filter(|target| !target.is_empty())?.clone();
            Some((row.into_iter().next()?, target))
        })
        .collect()
}
