//! Files that came with comments.

use crate::files::File;
use crate::sql::{Error, Tx};
use domain::ids::*;

/// A file as it came; its content is kept as a file with this digest.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The secret part of its address.
    pub token: String,
    /// Its name, without a path.
    pub filename: String,
    /// What its sender called its type.
    pub mime_type: String,
    /// SHA-256 of its content, in hex.
    pub digest: String,
}

/// Where an upload's content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Beside the database.
    File(File),
    /// In its row, from before contents were kept beside the database.
    Row(Vec<u8>),
}

/// Stores a file's row.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, upload: &Upload, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO upload (token, account_id, sandbox, filename, mime_type, digest, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &upload.token,
            &scope.account,
            &scope.environment,
            &upload.filename,
            &upload.mime_type,
            &upload.digest,
            &now,
        ],
    )?;
    Ok(())
}

/// The name and the content of the file with this token: who has its address may read it.
pub fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<Option<(String, Content)>, Error> {
    tx.query_opt(
        "SELECT u.filename, u.content, f.digest, f.generation FROM upload u LEFT JOIN file f ON f.digest = u.digest \
         WHERE u.token = $1",
        &[&token],
        |row| {
            let (filename, content): (String, Option<Vec<u8>>) = (row.take()?, row.take()?);
            Ok(match content {
                Some(content) => (filename, Content::Row(content)),
                None => {
                    (filename, Content::File(File { digest: row.take()?, generation: row.take()? }))
                }
            })
        },
    )
}

/// An upload whose content is in its row still, with its token.
pub fn one_in_row(tx: &mut Tx<'_>) -> Result<Option<(String, Vec<u8>)>, Error> {
    tx.query_opt(
        "SELECT token, content FROM upload WHERE content IS NOT NULL ORDER BY token LIMIT 1",
        &[],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// The content of an upload is kept beside the database now.
pub fn moved_out(tx: &mut Tx<'_>, token: &str, digest: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE upload SET digest = $2, content = NULL WHERE token = $1 AND content IS NOT NULL",
        &[&token, &digest],
    )?;
    Ok(())
}
