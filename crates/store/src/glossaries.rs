//! Glossaries, as uploaded.

use crate::sql::{Error, Row, Tx};
use domain::ids::*;

/// A glossary as stored.
#[derive(Clone, Debug)]
pub struct Glossary {
    /// Its id.
    pub id: GlossaryId,
    /// Whose it is.
    pub scope: Scope,
    /// The file's name.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Source language, the catalogue's code.
    pub lc_src: String,
    /// Target languages, the catalogue's codes, comma-separated in the file's order.
    pub targets: String,
    /// Terms.
    pub unit_count: i64,
    /// When it was put in.
    pub created_at: Timestamp,
}

impl Glossary {
    /// True if it has terms from this language into that.
    pub fn serves(&self, lc_src: &str, lc_tgt: &str) -> bool {
        self.lc_src == lc_src && self.targets.split(',').any(|target| target == lc_tgt)
    }
}

const GLOSSARY: &str = "id, account_id, sandbox, title, description, lc_src, targets, unit_count, created_at";

fn from_row(row: &mut Row) -> Result<Glossary, Error> {
    Ok(Glossary {
        id: row.take()?,
        scope: Scope { account: row.take()?, environment: row.take()? },
        title: row.take()?,
        description: row.take()?,
        lc_src: row.take()?,
        targets: row.take()?,
        unit_count: row.take()?,
        created_at: row.take()?,
    })
}

/// Stores a glossary and its file.
pub fn insert(tx: &mut Tx<'_>, glossary: &Glossary, csv: &[u8]) -> Result<(), Error> {
    tx.execute(
        &format!("INSERT INTO glossary ({GLOSSARY}, csv) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        &[
            &glossary.id,
            &glossary.scope.account,
            &glossary.scope.environment,
            &glossary.title,
            &glossary.description,
            &glossary.lc_src,
            &glossary.targets,
            &glossary.unit_count,
            &glossary.created_at,
            &csv,
        ],
    )?;
    Ok(())
}

/// The scope's glossaries, by id.
pub fn list(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Glossary>, Error> {
    tx.query_all(
        &format!("SELECT {GLOSSARY} FROM glossary WHERE account_id = $1 AND sandbox = $2 ORDER BY id"),
        &[&scope.account, &scope.environment],
        from_row,
    )
}

/// The scope's glossary.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: GlossaryId) -> Result<Option<Glossary>, Error> {
    tx.query_opt(
        &format!("SELECT {GLOSSARY} FROM glossary WHERE account_id = $1 AND sandbox = $2 AND id = $3"),
        &[&scope.account, &scope.environment, &id],
        from_row,
    )
}

/// The file of the scope's glossary.
pub fn csv(tx: &mut Tx<'_>, scope: Scope, id: GlossaryId) -> Result<Option<Vec<u8>>, Error> {
    tx.query_opt(
        "SELECT csv FROM glossary WHERE account_id = $1 AND sandbox = $2 AND id = $3",
        &[&scope.account, &scope.environment, &id],
        Row::take,
    )
}
