//! Contents of files: the bytes in their place, and the rows that say which there are.
//!
//! The first content that an installation keeps is a mark. A node that cannot find it has another place than the other
//! nodes, or lost its own: it refuses to start, or to keep anything, instead of giving out holes.

use crate::app::real_now;
use crate::config::{Config, ConfigError};
use bytes::Bytes;
use files::{Digest, Files, Location, Name, S3, Settings};
use std::path::PathBuf;
use store::files::{self as rows, File};
use store::installation;
use store::sql::{Db, Tx};
use tokio::sync::OnceCell;

/// The fact that names the mark.
const MARK: &str = "files_mark";

/// Why a content is not kept or had.
#[derive(Debug, thiserror::Error)]
pub enum Unkept {
    /// The place's fault.
    #[error(transparent)]
    Place(#[from] files::Error),
    /// The database's.
    #[error(transparent)]
    Database(#[from] store::sql::Error),
    /// The place is not where the other files are.
    #[error(
        "the files of this installation are elsewhere: set files.directory to the directory that all nodes see, or \
         files.s3_bucket to their bucket"
    )]
    Elsewhere,
    /// Nodes that share a database do not share their directories.
    #[error("this server keeps no files yet: its operator has to set files.directory or files.s3_bucket")]
    Nowhere,
    /// A row names what is no file.
    #[error("{0:?} is no digest")]
    NoDigest(String),
}

/// Where contents are kept.
pub struct Contents {
    /// None: with PostgreSQL, and no setting that says where.
    files: Option<Files>,
    recognised: OnceCell<()>,
}

impl Contents {
    /// Opens the place that the settings name.
    pub fn open(config: &Config, secret: &[u8; 32]) -> Result<Self, Box<dyn std::error::Error>> {
        let secret = config.switch("files.encrypt")?.then_some(*secret);
        let open = |location| Files::open(&Settings { location, secret }).map_err(|error| as_setting(&error));
        Ok(Self { files: location(config)?.map(open).transpose()?, recognised: OnceCell::new() })
    }

    /// Keeps a content; its digest, to be referred to within a day.
    pub async fn keep(&self, db: &Db, content: Bytes) -> Result<String, Unkept> {
        self.recognised.get_or_try_init(|| self.mark(db)).await?;
        self.put(db, content).await
    }

    /// A content that is kept.
    pub async fn fetch(&self, file: &File) -> Result<Bytes, Unkept> {
        Ok(self.place()?.get(&name(file)?).await?)
    }

    /// Deletes a content.
    pub async fn delete(&self, file: &File) -> Result<(), Unkept> {
        Ok(self.place()?.delete(&name(file)?).await?)
    }

    fn place(&self) -> Result<&Files, Unkept> {
        self.files.as_ref().ok_or(Unkept::Nowhere)
    }

    /// Tries whether files can be kept and had.
    pub async fn check(&self) -> Result<(), Box<dyn std::error::Error>> {
        Ok(self.place()?.check().await.map_err(|error| as_setting(&error))?)
    }

    /// At the start: refuses a place that is not the installation's. One that does not answer now may do so later.
    pub async fn recognise(&self, db: &Db) -> Result<(), Box<dyn std::error::Error>> {
        let Some(mark) = db.read(mark).await? else { return Ok(()) };
        match self.find(&mark).await {
            Ok(()) => Ok(()),
            Err(Unkept::Place(error @ files::Error::Unavailable(_))) => {
                tracing::error!(%error, "files cannot be reached; calls that need them are refused until they can");
                Ok(())
            }
            // What was kept before cannot be given out; all else works.
            Err(error @ Unkept::Nowhere) => {
                tracing::error!(%error, "files that were kept cannot be given out");
                Ok(())
            }
            Err(Unkept::Place(error)) => Err(as_setting(&error).into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn find(&self, mark: &File) -> Result<(), Unkept> {
        match self.fetch(mark).await {
            Err(Unkept::Place(files::Error::NotThere(_))) => Err(Unkept::Elsewhere),
            found => found.map(|_| ()),
        }
    }

    /// Finds the installation's mark; sets it if nothing was kept before.
    async fn mark(&self, db: &Db) -> Result<(), Unkept> {
        if let Some(mark) = db.read(mark).await? {
            return self.find(&mark).await;
        }
        let random: [u8; 32] =
            service::secrets::random().map_err(|error| files::Error::Unavailable(error.to_string()))?;
        let content = Bytes::from(format!("files of a honyaku: {}\n", service::secrets::hex(&random)));
        let digest = Digest::of(&content);
        self.place()?.put(&Name { digest, generation: 0 }, content).await?;
        // Another node may have been first; then its mark has to be here too.
        let settled = move |tx: &mut Tx<'_>| installation::settle(tx, MARK, &digest.to_string());
        let settled = db.write(settled).await?;
        self.find(&marked(settled)).await
    }

    async fn put(&self, db: &Db, content: Bytes) -> Result<String, Unkept> {
        let digest = if content.len() > 100_000 {
            tokio::task::block_in_place(|| Digest::of(&content))
        } else {
            Digest::of(&content)
        };
        let (text, size) = (digest.to_string(), content.len() as i64);
        let claimed = text.clone();
        let generation = db.write(move |tx| rows::claim(tx, &claimed, size, real_now())).await?;
        let file = File { digest: text, generation };
        self.place()?.put(&name(&file)?, content).await?;
        Ok(file.digest)
    }
}

/// The installation's mark, if it has kept anything yet.
pub fn mark(tx: &mut Tx<'_>) -> Result<Option<File>, store::sql::Error> {
    Ok(installation::get(tx, MARK)?.map(marked))
}

fn marked(digest: String) -> File {
    File { digest, generation: 0 }
}

/// The file's name in its place.
pub fn name(file: &File) -> Result<Name, Unkept> {
    let wrong = || Unkept::NoDigest(file.digest.clone());
    Ok(Name {
        digest: file.digest.parse().map_err(|_| wrong())?,
        generation: u32::try_from(file.generation).map_err(|_| wrong())?,
    })
}

/// The directory that files are kept in; none if they are in a bucket, or nowhere.
pub fn directory(config: &Config) -> Option<PathBuf> {
    match (config.text("files.s3_bucket"), config.text("files.directory")) {
        ("", "") if !config.text("database").is_empty() => None,
        ("", "") => Some(PathBuf::from(config.text("data_dir")).join("files")),
        ("", directory) => Some(PathBuf::from(directory)),
        _ => None,
    }
}

fn location(config: &Config) -> Result<Option<Location>, ConfigError> {
    if let Some(directory) = directory(config) {
        return Ok(Some(Location::Directory(directory)));
    }
    if config.text("files.s3_bucket").is_empty() {
        return Ok(None);
    }
    if !config.text("files.directory").is_empty() {
        return Err(config.wrong("files.directory", "leave it out, since files.s3_bucket is set"));
    }
    let endpoint = match config.text("files.s3_endpoint") {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            config
                .wrong("files.s3_endpoint", "write an http or https address, such as https://s3.acme.example")
        })?),
    };
    let text = |name: &'static str| config.text(name).to_owned();
    Ok(Some(Location::S3(S3 {
        endpoint,
        region: text("files.s3_region"),
        bucket: text("files.s3_bucket"),
        prefix: text("files.s3_prefix"),
        access_key_id: text("files.s3_access_key_id"),
        secret_access_key: text("files.s3_secret_access_key"),
        path_style: config.switch("files.s3_path_style")?,
    })))
}

/// The place's refusal, naming the setting as it is written.
fn as_setting(error: &files::Error) -> String {
    match error {
        files::Error::Refused { setting: "directory", text } => format!("files.directory: {text}"),
        files::Error::Refused { setting, text } => format!("files.s3_{setting}: {text}"),
        other => format!("files: {other}"),
    }
}
