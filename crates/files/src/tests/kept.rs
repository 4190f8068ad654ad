//! What is true of every place.

use bytes::Bytes;

use super::ground::{Ground, listed, name};
use crate::{Error, Name};

const TEXT: &[u8] = "A customer's text, which nobody else may read: 秘密.".as_bytes();

/// Each body runs on a directory, and on a bucket if there is a store.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod directory {
            $(#[tokio::test] async fn $test() { super::$test(super::Ground::directory()).await; })+
        }
        mod bucket {
            $(#[tokio::test] async fn $test() {
                if let Some(ground) = super::Ground::bucket() { super::$test(ground).await; }
            })+
        }
    };
}

on_both!(
    what_was_put_is_got,
    putting_again_is_fine_and_repairs,
    nothing_is_told_from_something,
    deleting_is_for_one_generation_and_may_be_repeated,
    content_that_is_not_what_its_name_says_is_refused,
    each_damaged_byte_is_told,
    a_sealed_file_shows_nothing_of_its_content,
    a_sealed_file_needs_its_secret,
    a_sealed_file_does_not_open_in_another_place,
    plain_files_stay_readable_when_sealing_begins,
    a_plain_file_may_look_like_a_sealed_one,
    all_names_are_listed_and_nothing_else,
    a_check_leaves_nothing_behind,
    a_check_notices_a_changed_secret,
);

async fn what_was_put_is_got(ground: Ground) {
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for files in [ground.plain(), ground.sealed(1)] {
        for content in [b"".as_slice(), TEXT, &large] {
            let name = name(content);
            files.put(&name, Bytes::copy_from_slice(content)).await.unwrap();
            assert_eq!(files.get(&name).await.unwrap(), content);
        }
    }
}

async fn putting_again_is_fine_and_repairs(ground: Ground) {
    let (files, name) = (ground.plain(), name(TEXT));
    files.put(&name, TEXT.into()).await.unwrap();
    files.put(&name, TEXT.into()).await.unwrap();
    assert_eq!(files.get(&name).await.unwrap(), TEXT);

    ground.smuggle(name, "something else").await;
    files.put(&name, TEXT.into()).await.unwrap();
    assert_eq!(files.get(&name).await.unwrap(), TEXT);
    assert_eq!(listed(&files).await, [name]);
}

async fn nothing_is_told_from_something(ground: Ground) {
    let (files, name) = (ground.plain(), name(TEXT));
    let error = files.get(&name).await.unwrap_err();
    assert!(matches!(error, Error::NotThere(missing) if missing == name), "{error}");
}

async fn deleting_is_for_one_generation_and_may_be_repeated(ground: Ground) {
    let (files, first) = (ground.plain(), name(TEXT));
    let second = Name { generation: 1, ..first };
    files.put(&first, TEXT.into()).await.unwrap();
    files.put(&second, TEXT.into()).await.unwrap();

    files.delete(&first).await.unwrap();
    files.delete(&first).await.unwrap();

    assert!(matches!(files.get(&first).await, Err(Error::NotThere(_))));
    assert_eq!(files.get(&second).await.unwrap(), TEXT);
}

async fn content_that_is_not_what_its_name_says_is_refused(ground: Ground) {
    for files in [ground.plain(), ground.sealed(1)] {
        let error = files.put(&name(TEXT), "something else".into()).await.unwrap_err();
        assert!(matches!(error, Error::Damaged(_)), "{error}");
        assert_eq!(listed(&files).await, []);
    }
}

async fn each_damaged_byte_is_told(ground: Ground) {
    let name = name(TEXT);
    for files in [ground.plain(), ground.sealed(1)] {
        files.put(&name, TEXT.into()).await.unwrap();
        let whole = ground.raw(name).await.unwrap();
        for position in [0, 7, 16, 39, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.to_vec();
            damaged[position] ^= 1;
            ground.smuggle(name, damaged).await;
            let error = files.get(&name).await.unwrap_err();
            assert!(matches!(error, Error::Damaged(_)), "byte {position}: {error}");
        }
        for bytes in [0, 10, whole.len() - 1] {
            ground.smuggle(name, whole.slice(..bytes)).await;
            let error = files.get(&name).await.unwrap_err();
            assert!(matches!(error, Error::Damaged(_)), "cut after {bytes}: {error}");
        }
    }
}

async fn a_sealed_file_shows_nothing_of_its_content(ground: Ground) {
    let name = name(TEXT);
    ground.plain().put(&name, TEXT.into()).await.unwrap();
    assert!(shows(&ground.raw(name).await.unwrap(), TEXT), "the test looks in the right place");

    ground.sealed(1).put(&name, TEXT.into()).await.unwrap();
    let sealed = ground.raw(name).await.unwrap();
    for piece in TEXT.chunks(4) {
        assert!(!shows(&sealed, piece), "{piece:?}");
    }
}

fn shows(bytes: &[u8], piece: &[u8]) -> bool {
    bytes.windows(piece.len()).any(|window| window == piece)
}

async fn a_sealed_file_needs_its_secret(ground: Ground) {
    let name = name(TEXT);
    ground.sealed(1).put(&name, TEXT.into()).await.unwrap();

    let error = ground.sealed(2).get(&name).await.unwrap_err();
    assert!(matches!(error, Error::WrongSecret(_)), "{error}");
    let error = ground.plain().get(&name).await.unwrap_err();
    assert!(matches!(error, Error::NoSecret(_)), "{error}");
    assert_eq!(ground.sealed(1).get(&name).await.unwrap(), TEXT);
}

async fn a_sealed_file_does_not_open_in_another_place(ground: Ground) {
    let files = ground.sealed(1);
    let (here, there) = (name(TEXT), Name { generation: 1, ..name(TEXT) });
    files.put(&here, TEXT.into()).await.unwrap();
    ground.smuggle(there, ground.raw(here).await.unwrap()).await;

    let error = files.get(&there).await.unwrap_err();
    assert!(matches!(error, Error::Damaged(_)), "{error}");
}

async fn plain_files_stay_readable_when_sealing_begins(ground: Ground) {
    let old = name(TEXT);
    ground.plain().put(&old, TEXT.into()).await.unwrap();

    let files = ground.sealed(1);
    assert_eq!(files.get(&old).await.unwrap(), TEXT);

    files.put(&old, TEXT.into()).await.unwrap();
    assert_ne!(ground.raw(old).await.unwrap(), TEXT, "put again, it is sealed");
    assert_eq!(files.get(&old).await.unwrap(), TEXT);
}

async fn a_plain_file_may_look_like_a_sealed_one(ground: Ground) {
    // A customer hands in what somebody has taken out of a store, sealed by this very secret or by another.
    let inner = name(TEXT);
    for secret in [1, 2] {
        ground.sealed(secret).put(&inner, TEXT.into()).await.unwrap();
        let content = ground.raw(inner).await.unwrap();
        let name = name(&content);
        ground.plain().put(&name, content.clone()).await.unwrap();
        for files in [ground.plain(), ground.sealed(1)] {
            assert_eq!(files.get(&name).await.unwrap(), content);
        }
    }
}

async fn all_names_are_listed_and_nothing_else(ground: Ground) {
    let files = ground.plain();
    assert_eq!(listed(&files).await, []);

    // More than a page of the test's store.
    let contents: Vec<String> = (0..25).map(|number| format!("content {number}")).collect();
    let mut names: Vec<Name> = contents.iter().map(|content| name(content.as_bytes())).collect();
    names.push(Name { generation: u32::MAX, ..names[3] });
    names.sort_unstable();
    for content in contents {
        files.put(&name(content.as_bytes()), content.into()).await.unwrap();
    }
    files.put(names.iter().find(|name| name.generation > 0).unwrap(), "content 3".into()).await.unwrap();

    let folder = &names[0].to_string()[..2];
    for stranger in
        ["README", "probe-1", &format!("{folder}/README"), &format!("{folder}/{}.0", "0".repeat(61))]
    {
        ground.smuggle(stranger, "a stranger").await;
    }
    assert_eq!(listed(&files).await, names);
}

async fn a_check_leaves_nothing_behind(ground: Ground) {
    for files in [ground.plain(), ground.sealed(1)] {
        files.check().await.unwrap();
        assert_eq!(listed(&files).await, []);
        if let crate::Location::Directory(root) = &ground.location {
            let left: Vec<_> =
                std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

async fn a_check_notices_a_changed_secret(ground: Ground) {
    ground.sealed(1).put(&name(TEXT), TEXT.into()).await.unwrap();
    ground.sealed(1).check().await.unwrap();
    let error = ground.sealed(2).check().await.unwrap_err();
    assert!(matches!(error, Error::WrongSecret(_)), "{error}");
}
