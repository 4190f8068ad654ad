//! Where files are kept, as the installation says.

use std::path::PathBuf;

use url::Url;

/// Where files are kept, and whether they are encrypted there. Holds secrets, so it cannot be printed.
#[derive(Clone)]
pub struct Settings {
    /// The place.
    pub location: Location,
    /// Encrypts what is put from now on. What was put without it stays readable; what was put with another is not.
    pub secret: Option<[u8; 32]>,
}

/// The two kinds of places.
#[derive(Clone)]
pub enum Location {
    /// A directory of this machine, or one that all nodes have mounted. Made if it is not there.
    Directory(PathBuf),
    /// A bucket.
    S3(S3),
}

/// A bucket of an S3-compatible store, and the key to it.
#[derive(Clone)]
pub struct S3 {
    /// The store's address, without the bucket. `None`: Amazon's, in the region.
    pub endpoint: Option<Url>,
    /// The region; stores without regions take any, usually `us-east-1`.
    pub region: String,
    /// The bucket. It must be there.
    pub bucket: String,
    /// Goes before all names, with a `/`, so that a bucket can be shared. May be empty.
    pub prefix: String,
    /// The key's name. It needs the rights to get, put, delete and list.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// The bucket goes into the path of addresses, as most own stores want it, and not before the host's name.
    pub path_style: bool,
}
