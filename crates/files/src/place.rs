//! The one thing that a directory and a bucket have in common: bytes under keys.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::bucket::Bucket;
use crate::directory::Directory;
use crate::error::Error;
use crate::name::Name;
use crate::settings::Location;

/// A place, open.
pub enum Place {
    /// Files of this machine.
    Directory(Directory),
    /// Objects of a store.
    Bucket(Box<Bucket>),
}

impl Place {
    pub fn open(location: &Location) -> Result<Self, Error> {
        match location {
            Location::Directory(root) => Directory::open(root).map(Self::Directory),
            Location::S3(settings) => Ok(Self::Bucket(Box::new(Bucket::open(settings)?))),
        }
    }

    /// Durable before it returns, and never half there.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put(key, bytes).await,
            Self::Bucket(bucket) => bucket.put(key, bytes).await,
        }
    }

    /// `None` if there is nothing under the key. Is sure of that: a place that is not there is an error.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Directory(directory) => directory.get(key).await,
            Self::Bucket(bucket) => bucket.get(key).await,
        }
    }

    /// Fine if there is nothing under the key.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.delete(key).await,
            Self::Bucket(bucket) => bucket.delete(key).await,
        }
    }

    /// All keys that are names.
    pub fn list(&self) -> BoxStream<'static, Result<Name, Error>> {
        match self {
            Self::Directory(directory) => directory.list().boxed(),
            Self::Bucket(bucket) => bucket.list().boxed(),
        }
    }
}
