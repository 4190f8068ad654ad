//! A place of the test's own, to be opened with one secret or another, and looked into behind the crate's back.

use bytes::Bytes;
use futures_util::TryStreamExt;
use tempfile::TempDir;

use crate::{Digest, Files, Location, Name, S3, Settings};

/// Names the store that the tests may use, as `tests/s3/server` prints it.
const STORE: &str = "HONYAKU_TEST_S3";

pub struct Ground {
    pub location: Location,
    /// Removed with the ground.
    _directory: Option<TempDir>,
}

impl Ground {
    pub fn directory() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { location: Location::Directory(directory.path().join("files")), _directory: Some(directory) }
    }

    /// A prefix that nobody else has. `None`, and a line that says so, if there is no store to test with.
    pub fn bucket() -> Option<Self> {
        let Ok(store) = std::env::var(STORE) else {
            eprintln!("skipped: {STORE} names no store; tests/s3/server starts one");
            return None;
        };
        let store: serde_json::Value = serde_json::from_str(&store).unwrap();
        let text = |member: &str| {
            store[member].as_str().unwrap_or_else(|| panic!("{STORE} has no {member}")).to_owned()
        };
        let random = getrandom::u64().unwrap();
        let location = Location::S3(S3 {
            endpoint: Some(text("endpoint").parse().unwrap()),
            region: text("region"),
            bucket: text("bucket"),
            prefix: format!("tests/{random:016x}"),
            access_key_id: text("access_key_id"),
            secret_access_key: text("secret_access_key"),
            path_style: true,
        });
        Some(Self { location, _directory: None })
    }

    /// The place without encryption.
    pub fn plain(&self) -> Files {
        self.open(None)
    }

    /// The place with a secret that the number stands for.
    pub fn sealed(&self, secret: u8) -> Files {
        self.open(Some([secret; 32]))
    }

    fn open(&self, secret: Option<[u8; 32]>) -> Files {
        Files::open(&Settings { location: self.location.clone(), secret }).unwrap()
    }

    /// What lies there under a key, if anything.
    pub async fn raw(&self, key: impl ToString) -> Option<Bytes> {
        self.plain().place.get(&key.to_string()).await.unwrap()
    }

    /// Puts there what the crate would not.
    pub async fn smuggle(&self, key: impl ToString, bytes: impl Into<Bytes>) {
        self.plain().place.put(&key.to_string(), bytes.into()).await.unwrap();
    }
}

pub fn name(content: &[u8]) -> Name {
    Name { digest: Digest::of(content), generation: 0 }
}

pub async fn listed(files: &Files) -> Vec<Name> {
    let mut names: Vec<Name> = files.list().try_collect().await.unwrap();
    names.sort_unstable();
    names
}

/// The first name of the list: enough to see whether there is a list.
pub async fn first(files: &Files) -> Result<Option<Name>, crate::Error> {
    files.list().try_next().await
}
