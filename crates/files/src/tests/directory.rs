//! What is true of a directory only.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::ground::{Ground, listed, name};
use crate::{Error, Files, Location, Settings};

fn root(ground: &Ground) -> PathBuf {
    match &ground.location {
        Location::Directory(root) => root.clone(),
        Location::S3(_) => panic!("the ground is no directory"),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn everything_below(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(everything_below(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let ground = Ground::directory();
    let name = name(b"text");
    ground.plain().put(&name, "text".into()).await.unwrap();

    let found = everything_below(&root(&ground));
    assert_eq!(found.len(), 3, "the root, a folder and a file: {found:?}");
    for path in found {
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    assert_eq!(fs::read(root(&ground).join(name.to_string())).unwrap(), b"text", "plain is plain");
}

#[tokio::test]
async fn what_a_dead_process_left_is_never_listed_and_swept_out_after_a_day() {
    let ground = Ground::directory();
    let name = name(b"text");
    ground.plain().put(&name, "text".into()).await.unwrap();
    let (fresh, stale) = (root(&ground).join(".unfinished-abc"), root(&ground).join(".unfinished-def"));
    for path in [&fresh, &stale] {
        fs::write(path, "te").unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_hours(25);
    File::options()
        .write(true)
        .open(&stale)
        .unwrap()
        .set_times(FileTimes::new().set_modified(long_ago))
        .unwrap();

    let files = ground.plain();
    assert_eq!(listed(&files).await, [name]);
    assert!(fresh.exists(), "another process may be writing it");
    assert!(!stale.exists());
}

#[tokio::test]
async fn a_put_that_fails_leaves_nothing() {
    let ground = Ground::directory();
    let (files, name) = (ground.plain(), name(b"text"));
    // Something else stands where the file belongs.
    fs::create_dir_all(root(&ground).join(name.to_string()).join("in the way")).unwrap();
    files.put(&name, "text".into()).await.unwrap_err();
    assert!(everything_below(&root(&ground)).iter().all(|path| path.is_dir()));
}

#[tokio::test]
async fn a_directory_that_is_gone_has_not_lost_a_file() {
    let ground = Ground::directory();
    let (files, name) = (ground.plain(), name(b"text"));
    files.put(&name, "text".into()).await.unwrap();
    let away = root(&ground).with_extension("away");
    fs::rename(root(&ground), &away).unwrap();

    let told = |error: Error| match error {
        Error::Refused { setting: "directory", text } => assert!(text.contains("files"), "{text}"),
        error => panic!("{error}"),
    };
    told(files.get(&name).await.unwrap_err());
    told(files.delete(&name).await.unwrap_err());
    told(files.put(&name, "text".into()).await.unwrap_err());
    told(files.check().await.unwrap_err());
    assert!(!root(&ground).exists(), "it is not made anew under a running server");

    fs::rename(away, root(&ground)).unwrap();
    assert_eq!(files.get(&name).await.unwrap(), "text");
}

#[test]
fn a_directory_that_cannot_be_made_is_told_by_its_setting() {
    let ground = Ground::directory();
    let taken = root(&ground);
    fs::write(&taken, "a file").unwrap();
    for path in [taken.clone(), taken.join("below")] {
        let settings = Settings { location: Location::Directory(path.clone()), secret: None };
        let error = Files::open(&settings).err().unwrap();
        assert!(matches!(error, Error::Refused { setting: "directory", .. }), "{}: {error}", path.display());
    }
}

#[tokio::test]
async fn many_may_put_the_same_at_once() {
    let ground = Ground::directory();
    let name = name(b"text");
    let puts = (0..20).map(|_| {
        let files = ground.plain();
        tokio::spawn(async move { files.put(&name, "text".into()).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap().unwrap();
    }
    assert_eq!(everything_below(&root(&ground)).len(), 3);
}
