//! Files that came with comments.

use crate::sql::{Error, Tx};
use domain::ids::*;

/// A file as it came.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The secret part of its address.
    pub token: String,
    /// Its name, without a path.
    pub filename: String,
    /// What its sender called its type.
    pub mime_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Stores a file.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, upload: &Upload, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO upload (token, account_id, sandbox, filename, mime_type, content, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &upload.token,
            &scope.account,
            &scope.environment,
            &upload.filename,
            &upload.mime_type,
            &upload.content,
            &now,
        ],
    )?;
    Ok(())
}

/// The file with this token: who has its address may read it.
pub fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<Option<Upload>, Error> {
    tx.query_opt(
        "SELECT token, filename, mime_type, content FROM upload WHERE token = $1",
        &[&token],
        |row| {
            Ok(Upload {
                token: row.take()?,
                filename: row.take()?,
                mime_type: row.take()?,
                content: row.take()?,
            })
        },
    )
}
