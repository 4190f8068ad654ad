//! Glossaries: put in from CSV files, whose first row names the languages.

mod whole;

use crate::context::Context;
use crate::error::Error;
use csv::StringRecord;
use domain::fault::Fault;
use domain::ids::GlossaryId;
use domain::language;
use store::glossaries::{self, Glossary};
use store::sql::Tx;

/// Puts a glossary in. The first row of the CSV has the source language and the targets,
/// each further row a term in them.
pub fn add(tx: &mut Tx<'_>, ctx: &Context, title: &str, csv: Vec<u8>) -> Result<GlossaryId, Error> {
    whole::check(without_mark(&csv)).map_err(|broken| wrong(&broken.to_string()))?;
    let mut table = Table::open(&csv)?;
    if let Some((first, second)) = twice(&table.languages) {
        let text = format!("columns {first} and {second} of the first row are the same language");
        return Err(wrong(&text));
    }
    let mut unit_count = 0;
    table.each(|_, _| unit_count += 1)?;
    let [lc_src, targets @ ..] = table.languages.as_slice() else {
        return Err(wrong("the first row is empty"));
    };
    if targets.is_empty() {
        return Err(wrong("the first row names no target language"));
    }
    if unit_count == 0 {
        return Err(wrong("there is no term after the first row"));
    }
    let glossary = Glossary {
        id: GlossaryId(tx.reserve_id("glossary")?),
        scope: ctx.scope,
        title: title.to_owned(),
        description: None,
        lc_src: lc_src.clone(),
        targets: targets.join(","),
        unit_count,
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

/// A glossary's file. Forgives what `add` refuses, for the sake of glossaries that are there already.
struct Table<'c> {
    /// Of the columns.
    languages: Vec<String>,
    rows: csv::Reader<&'c [u8]>,
}

impl<'c> Table<'c> {
    fn open(csv: &'c [u8]) -> Result<Self, Error> {
        let mut rows =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(without_mark(csv));
        let mut first = StringRecord::new();
        if !rows.read_record(&mut first).map_err(|error| wrong(&error.to_string()))? {
            return Err(wrong("it is empty"));
        }
        let language = |name| match language::find(name) {
            Some(language) => Ok(language.code.to_owned()),
            None => Err(wrong(&format!("{name:?} is no language code"))),
        };
        let languages = first.iter().map(language).collect::<Result<_, _>>()?;
        Ok(Self { languages, rows })
    }

    /// Each further row that has a term: the term, and the whole row.
    fn each(&mut self, mut work: impl FnMut(&str, &StringRecord)) -> Result<(), Error> {
        // One row's memory serves all: there may be a hundred thousand.
        let mut row = StringRecord::new();
        while self.rows.read_record(&mut row).map_err(|error| wrong(&error.to_string()))? {
            match row.get(0).map(str::trim) {
                Some(source) if !source.is_empty() => work(source, &row),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The terms of a glossary's file for one target language.
pub(crate) fn terms(csv: &[u8], lc_tgt: &str) -> Vec<(String, String)> {
    let Ok(mut table) = Table::open(csv) else { return Vec::new() };
    let Some(column) = table.languages.iter().skip(1).position(|code| code == lc_tgt) else {
        return Vec::new();
    };
    let mut terms = Vec::new();
    let read = table.each(|source, row| match row.get(column + 1).map(str::trim) {
        Some(target) if !target.is_empty() => terms.push((source.to_owned(), target.to_owned())),
        _ => {}
    });
    if read.is_ok() { terms } else { Vec::new() }
}
