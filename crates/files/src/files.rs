//! Puts names, contents, sealing and the place together.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::error::Error;
use crate::name::{Digest, Name};
use crate::place::Place;
use crate::seal::{Sealer, Unopened, looks_sealed};
use crate::settings::Settings;

/// The place where files are kept. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    pub(crate) place: Arc<Place>,
    sealer: Option<Arc<Sealer>>,
}

impl Files {
    /// Opens the place. A directory is made if need be; a store is not asked yet, see [`Files::check`].
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            place: Arc::new(Place::open(&settings.location)?),
            sealer: settings.secret.as_ref().map(|secret| Arc::new(Sealer::new(secret))),
        })
    }

    /// Keeps a content under its name. It is durable when this returns; putting it again is fine, and repairs it.
    ///
    /// Content that is not what the name says is refused as [`Error::Damaged`]: nobody could ever get it.
    pub async fn put(&self, name: &Name, content: Bytes) -> Result<(), Error> {
        self.put_under(&name.to_string(), *name, content).await
    }

    /// The content of a name, which is what it was when it was put: that is checked.
    pub async fn get(&self, name: &Name) -> Result<Bytes, Error> {
        self.get_under(name.to_string(), *name).await
    }

    /// Forgets a content. It is fine if it is not there.
    pub async fn delete(&self, name: &Name) -> Result<(), Error> {
        self.place.delete(&name.to_string()).await
    }

    /// The names of all that is kept, in no promised order. What is put or deleted meanwhile may be among them or not.
    pub fn list(&self) -> BoxStream<'static, Result<Name, Error>> {
        self.place.list()
    }

    /// Tries everything once: puts, gets and deletes a probe, which is never listed, and lists and gets one of the kept
    /// files, if there is one, so that a changed secret shows before a customer misses a file.
    pub async fn check(&self) -> Result<(), Error> {
        let content = random()?;
        let name = Name { digest: Digest::of(&content), generation: 0 };
        // Not a name, and another one each time: two nodes may check at once.
        let key = format!("probe-{}", name.digest);
        self.put_under(&key, name, content.clone()).await?;
        let got = self.get_under(key.clone(), name).await;
        self.place.delete(&key).await?;
        got?;
        match self.list().next().await {
            None => Ok(()),
            Some(kept) => match self.get(&kept?).await {
                // Deleted since.
                Err(Error::NotThere(_)) => Ok(()),
                kept => kept.map(drop),
            },
        }
    }

    async fn put_under(&self, key: &str, name: Name, content: Bytes) -> Result<(), Error> {
        let (sealer, sealed_for) = (self.sealer.clone(), key.to_owned());
        let bytes = apart(move || match sealer {
            _ if Digest::of(&content) != name.digest => Err(Error::Damaged(name)),
            None => Ok(content),
            Some(sealer) => sealer.seal(&sealed_for, &content),
        })
        .await?;
        self.place.put(key, bytes).await
    }

    async fn get_under(&self, key: String, name: Name) -> Result<Bytes, Error> {
        let bytes = self.place.get(&key).await?.ok_or(Error::NotThere(name))?;
        let sealer = self.sealer.clone();
        apart(move || plain(sealer.as_deref(), &key, name, bytes)).await
    }
}

/// The content in what the place gave. What hashes to its name is plain; all else must be sealed.
fn plain(sealer: Option<&Sealer>, key: &str, name: Name, bytes: Bytes) -> Result<Bytes, Error> {
    if Digest::of(&bytes) == name.digest {
        return Ok(bytes);
    }
    let Some(sealer) = sealer else {
        return Err(if looks_sealed(&bytes) { Error::NoSecret(name) } else { Error::Damaged(name) });
    };
    let content = sealer.open(key, bytes).map_err(|unopened| match unopened {
        Unopened::Damaged => Error::Damaged(name),
        Unopened::OtherSecret => Error::WrongSecret(name),
    })?;
    if Digest::of(&content) == name.digest { Ok(content) } else { Err(Error::Damaged(name)) }
}

fn random() -> Result<Bytes, Error> {
    let mut bytes = vec![0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Unavailable(format!("no random bytes: {error}")))?;
    Ok(bytes.into())
}

/// Does what would hold up the serving threads: hashing and sealing 50 MB takes a tenth of a second, a disk even longer.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Unavailable("the program is ending".into())),
    }
}
