//! Which contents are kept beside the database, and which of them may go.
//!
//! A content is claimed first, then put, then referred to. One that nothing refers to, and that was not claimed for a while,
//! is doomed; after another while it is deleted and forgotten. Who claims it meanwhile gets its next generation, so the
//! deletion hits an object that nobody wants. The reference is a foreign key: what is referred to cannot be forgotten.

use crate::sql::{Error, Row, Tx};
use domain::ids::Timestamp;

/// A content's name beside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// SHA-256 of the content, in hex.
    pub digest: String,
    /// How often it was put anew after it had been doomed.
    pub generation: i64,
}

fn from_row(row: &mut Row) -> Result<File, Error> {
    Ok(File { digest: row.take()?, generation: row.take()? })
}

/// Makes sure that the content is not deleted for a while; the generation to put it as.
pub fn claim(tx: &mut Tx<'_>, digest: &str, size_bytes: i64, now: Timestamp) -> Result<i64, Error> {
    tx.query_one(
        "INSERT INTO file (digest, generation, size_bytes, touched_at) VALUES ($1, 0, $2, $3) \
         ON CONFLICT (digest) DO UPDATE SET touched_at = $3, doomed_at = NULL, \
         generation = file.generation + CASE WHEN file.doomed_at IS NULL THEN 0 ELSE 1 END RETURNING generation",
        &[&digest, &size_bytes, &now],
        Row::take,
    )
}

/// Looks at some files in the order of their digests, after one of them: those that could be doomed, and the last one looked
/// at if there may be more.
pub fn unwanted_after(
    tx: &mut Tx<'_>,
    digest: &str,
    not_since: Timestamp,
    limit: i64,
) -> Result<(Vec<String>, Option<String>), Error> {
    // Not by NOT EXISTS: in a list of columns that may be worked out by reading all of `upload`.
    let looked_at: Vec<(String, bool)> = tx.query_all(
        "SELECT digest, CASE WHEN touched_at < $2 AND doomed_at IS NULL \
         AND (SELECT 1 FROM upload WHERE upload.digest = file.digest LIMIT 1) IS NULL THEN CAST(1 AS BIGINT) ELSE 0 END \
         FROM file WHERE digest > $1 ORDER BY digest LIMIT $3",
        &[&digest, &not_since, &limit],
        |row| Ok((row.take()?, row.take()?)),
    )?;
    let last = looked_at.last().filter(|_| looked_at.len() as i64 == limit).map(|(digest, _)| digest.clone());
    Ok((looked_at.into_iter().filter(|(_, unwanted)| *unwanted).map(|(digest, _)| digest).collect(), last))
}

/// Files that something refers to, in the order of their digests, after one of them.
pub fn wanted_after(tx: &mut Tx<'_>, digest: &str, limit: i64) -> Result<Vec<File>, Error> {
    tx.query_all(
        "SELECT digest, generation FROM file WHERE digest > $1 \
         AND EXISTS (SELECT 1 FROM upload WHERE upload.digest = file.digest) ORDER BY digest LIMIT $2",
        &[&digest, &limit],
        from_row,
    )
}

/// Dooms the file if nothing refers to it and nobody has claimed it since.
pub fn doom_unwanted(
    tx: &mut Tx<'_>,
    digest: &str,
    not_since: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE file SET doomed_at = $3 WHERE digest = $1 AND touched_at < $2 AND doomed_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.digest = file.digest)",
        &[&digest, &not_since, &now],
    )?;
    Ok(())
}

/// Files doomed before a moment.
pub fn doomed(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<Vec<File>, Error> {
    tx.query_all(
        "SELECT digest, generation FROM file WHERE doomed_at < $1 ORDER BY doomed_at LIMIT $2",
        &[&before, &limit],
        from_row,
    )
}

/// Forgets a doomed file whose content is deleted, unless it was claimed meanwhile.
pub fn forget(tx: &mut Tx<'_>, file: &File) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM file WHERE digest = $1 AND generation = $2 AND doomed_at IS NOT NULL",
        &[&file.digest, &file.generation],
    )?;
    Ok(())
}
