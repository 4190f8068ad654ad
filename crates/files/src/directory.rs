//! Keeps bytes as files of a directory, for the owner's eyes only.
//!
//! A file appears at once and whole: it is written beside the others under a temporary name, synced, renamed, and then the
//! folders are synced that tell of it. `object_store`'s own file system can sync too, but makes its files readable for all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::error::Error;
use crate::files::apart;
use crate::name::Name;

/// Before the names of files that are being written.
const UNFINISHED: &str = ".unfinished-";
/// What has been unfinished for so long was left by a process that died. Others may be writing meanwhile.
const GIVEN_UP: Duration = Duration::from_hours(24);

/// A directory, open.
pub struct Directory {
    root: Arc<Path>,
}

impl Directory {
    /// Makes the directory if it is not there, and sweeps out what was left unfinished.
    pub fn open(root: &Path) -> Result<Self, Error> {
        // Its name may be relative, and the process may move.
        let root = std::path::absolute(root).map_err(|error| fault(root, &error))?;
        make_folder(&root).map_err(|error| fault(&root, &error))?;
        sweep(&root).map_err(|error| fault(&root, &error))?;
        Ok(Self { root: root.into() })
    }

    /// Writes a file and what leads to it.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.with_path(key, move |root, path| write(root, path, &bytes)).await
    }

    /// Reads a file.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        self.with_path(key, |root, path| found(root, fs::read(path)).map(|bytes| bytes.map(Bytes::from)))
            .await
    }

    /// Removes a file for good.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        self.with_path(key, |root, path| match found(root, fs::remove_file(path))? {
            Some(()) => sync(folder_of(path)),
            None => Ok(()),
        })
        .await
    }

    /// Reads one folder after the other. Only what is called as a name is listed.
    pub fn list(&self) -> impl Stream<Item = Result<Name, Error>> + Send + 'static {
        let root = Arc::clone(&self.root);
        stream::iter(0..=u8::MAX)
            .then(move |folder| {
                let root = Arc::clone(&root);
                apart(move || names(&root, folder).map_err(|error| fault(&root, &error)))
            })
            .flat_map(|names| match names {
                Ok(names) => stream::iter(names).map(Ok).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            })
    }

    async fn with_path<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let root = Arc::clone(&self.root);
        let path = root.join(key);
        apart(move || work(&root, &path).map_err(|error| fault(&path, &error))).await
    }
}

fn write(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Readable for the owner only from the beginning, and removed if it is not kept.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(root)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let folder = folder_of(path);
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        // One that is there already may have been made by another process a moment ago, and not be on the disk yet.
        Ok(()) | Err(_) => {}
    }
    file.persist(path).map_err(|error| error.error)?;
    sync(folder)?;
    sync(root)
}

/// Tells a file that is not there from a directory that is not there: a disk that is not mounted has lost nothing.
fn found<T>(root: &Path, result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::metadata(root).map(|_| None),
        Err(error) => Err(error),
    }
}

fn names(root: &Path, folder: u8) -> io::Result<Vec<Name>> {
    let folder = format!("{folder:02x}");
    let mut names = Vec::new();
    for entry in found(root, fs::read_dir(root.join(&folder)))?.into_iter().flatten() {
        let file = entry?.file_name();
        names.extend(file.to_str().and_then(|file| format!("{folder}/{file}").parse::<Name>().ok()));
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes a folder and those above it, and has each one's entry on the disk.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make_folder(above)?;
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => sync(above)?,
        }
    }
    Ok(())
}

fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        // One that has just been finished is not there any more.
        let age = entry.metadata().and_then(|file| file.modified()).ok().and_then(|then| then.elapsed().ok());
        if unfinished && age.is_some_and(|age| age > GIVEN_UP) {
            found(root, fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().expect("a path of ours stands below the root")
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn fault(path: &Path, error: &io::Error) -> Error {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::ReadOnlyFilesystem => Error::Refused { setting: "directory", text },
        _ => Error::Unavailable(text),
    }
}
