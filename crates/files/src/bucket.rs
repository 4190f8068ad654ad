//! Keeps bytes as objects of an S3-compatible store.
//!
//! `object_store` knows the protocol: it signs, repeats what may be repeated, and reads lists page by page. A put is one
//! request whose content is signed with it, so what arrives is what was sent, and it is durable when it is answered.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreExt, RetryConfig};
use url::Url;

use crate::connection::{Connection, Patience, Turned};
use crate::error::Error;
use crate::name::Name;
use crate::settings::S3;

/// After the first attempt.
const MOST_RETRIES: usize = 2;
/// Shorter than the wait for an answer: a store that is silent is not asked twice.
const RETRY_WITHIN: Duration = Duration::from_secs(5);

/// A bucket, open.
pub struct Bucket {
    store: AmazonS3,
    prefix: Path,
    settings: S3,
}

/// What an answer of the store means for the one who asked.
enum Meaning {
    /// There is nothing under this key.
    Nothing,
    /// All else.
    Fault(Error),
}

impl Bucket {
    /// Asks nobody yet.
    pub fn open(settings: &S3) -> Result<Self, Error> {
        Self::open_with(settings, Patience::default())
    }

    pub(crate) fn open_with(settings: &S3, patience: Patience) -> Result<Self, Error> {
        for (setting, value) in [
            ("region", &settings.region),
            ("bucket", &settings.bucket),
            ("access_key_id", &settings.access_key_id),
            ("secret_access_key", &settings.secret_access_key),
        ] {
            if value.is_empty() {
                return Err(refused(setting, "must not be empty"));
            }
        }
        let prefix = Path::parse(&settings.prefix).map_err(|error| refused("prefix", error.to_string()))?;
        let mut builder = AmazonS3Builder::new()
            .with_region(&settings.region)
            .with_bucket_name(&settings.bucket)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(&settings.secret_access_key)
            .with_virtual_hosted_style_request(!settings.path_style)
            // Not all stores can delete in bulk, and we delete one at a time.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                max_retries: MOST_RETRIES,
                retry_timeout: RETRY_WITHIN,
                backoff: BackoffConfig { max_backoff: Duration::from_secs(1), ..BackoffConfig::default() },
            })
            .with_http_connector(Connection::new(patience)?);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(address(endpoint, settings)?);
        }
        let store = builder.build().map_err(|error| refused("bucket", error.to_string()))?;
        Ok(Self { store, prefix, settings: settings.clone() })
    }

    /// Puts an object.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        match self.store.put(&self.path(key), bytes.into()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Gets an object.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let got = async { self.store.get(&self.path(key)).await?.bytes().await };
        match got.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => match meaning(&error, &self.settings) {
                Meaning::Nothing => Ok(None),
                Meaning::Fault(error) => Err(error),
            },
        }
    }

    /// Deletes an object.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) => Ok(()),
            Err(error) => match meaning(&error, &self.settings) {
                Meaning::Nothing => Ok(()),
                Meaning::Fault(error) => Err(error),
            },
        }
    }

    /// Lists what is called as a name.
    pub fn list(&self) -> impl Stream<Item = Result<Name, Error>> + Send + 'static {
        let (prefix, settings) = (self.prefix.clone(), self.settings.clone());
        self.store.list(Some(&self.prefix)).filter_map(move |listed| {
            let name = match listed {
                Ok(object) => name_below(&prefix, &object.location).map(Ok),
                Err(error) => Some(Err(match meaning(&error, &settings) {
                    Meaning::Nothing => not_s3(&settings),
                    Meaning::Fault(error) => error,
                })),
            };
            std::future::ready(name)
        })
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// An error where there is no such thing as nothing.
    fn fault(&self, error: &object_store::Error) -> Error {
        match meaning(error, &self.settings) {
            Meaning::Nothing => not_s3(&self.settings),
            Meaning::Fault(error) => error,
        }
    }
}

fn name_below(prefix: &Path, location: &Path) -> Option<Name> {
    let parts: Vec<_> = location.prefix_match(prefix)?.collect();
    parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/").parse().ok()
}

/// The endpoint as `object_store` wants it: with the bucket before the host, if it belongs there.
fn address(endpoint: &Url, settings: &S3) -> Result<String, Error> {
    // Messages show the endpoint, so it must hold no password.
    let plain = endpoint.username().is_empty() && endpoint.password().is_none();
    if !plain
        || !matches!(endpoint.scheme(), "http" | "https")
        || endpoint.query().or(endpoint.fragment()).is_some()
    {
        return Err(refused(
            "endpoint",
            "must be http:// or https://, a host, and a port or a path if need be",
        ));
    }
    let mut endpoint = endpoint.clone();
    if !settings.path_style {
        let Some(host) = endpoint.domain() else {
            return Err(refused(
                "path_style",
                format!("must be on: {endpoint} has no name for a bucket to stand before"),
            ));
        };
        let host = format!("{}.{host}", settings.bucket);
        endpoint.set_host(Some(&host)).map_err(|error| refused("bucket", format!("{host}: {error}")))?;
    }
    Ok(endpoint.as_str().trim_end_matches('/').to_owned())
}

/// Finds the store's own answer below what `object_store` says of it.
fn meaning(error: &object_store::Error, settings: &S3) -> Meaning {
    let causes = || std::iter::successors(Some(error as &dyn StdError), |error| (*error).source());
    match causes().find_map(|cause| cause.downcast_ref::<Turned>()) {
        Some(turned) => turned_away(turned, settings),
        None => {
            // The innermost says what happened, the others in whose hands.
            let cause = causes().last().map(ToString::to_string).unwrap_or_default();
            Meaning::Fault(Error::Unavailable(format!("the S3 store {}: {cause}", place(settings))))
        }
    }
}

fn turned_away(turned: &Turned, settings: &S3) -> Meaning {
    let S3 { bucket, region, access_key_id, .. } = settings;
    let place = place(settings);
    Meaning::Fault(match turned.code.as_str() {
        "NoSuchKey" => return Meaning::Nothing,
        "NoSuchBucket" | "InvalidBucketName" => {
            refused("bucket", format!("{place} has no bucket {bucket:?} ({turned})"))
        }
        "InvalidAccessKeyId" => {
            refused("access_key_id", format!("{place} does not know {access_key_id:?} ({turned})"))
        }
        "SignatureDoesNotMatch" => {
            refused("secret_access_key", format!("is not that of {access_key_id:?} at {place} ({turned})"))
        }
        "RequestTimeTooSkewed" => {
            Error::Unavailable(format!("the clock of this machine is not that of {place} ({turned})"))
        }
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => {
            refused("region", format!("bucket {bucket:?} is not in {region:?} ({turned})"))
        }
        _ if turned.status.is_redirection() => {
            refused("region", format!("bucket {bucket:?} is not in {region:?} ({turned})"))
        }
        _ => match turned.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused(
                "access_key_id",
                format!(
                    "{access_key_id:?} may not do this in bucket {bucket:?} at {place} ({turned}): \
                     it needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket"
                ),
            ),
            StatusCode::NOT_FOUND => not_s3(settings),
            _ => Error::Unavailable(format!("the S3 store {place} answers {turned}")),
        },
    })
}

/// Not found, and not in S3's words: never taken for a file that is lost.
fn not_s3(settings: &S3) -> Error {
    refused("endpoint", format!("{} answers, but not as an S3 store", place(settings)))
}

fn place(settings: &S3) -> String {
    match &settings.endpoint {
        Some(endpoint) => endpoint.to_string(),
        None => format!("of Amazon in {}", settings.region),
    }
}

fn refused(setting: &'static str, text: impl Into<String>) -> Error {
    Error::Refused { setting, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_goes_where_the_style_says() {
        let settings = |endpoint: &str, path_style| S3 {
            endpoint: Some(endpoint.parse().unwrap()),
            region: "eu-central-1".into(),
            bucket: "files".into(),
            prefix: String::new(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
            path_style,
        };
        // `object_store` adds the bucket itself if it goes into the path.
        for (endpoint, path_style, expected) in [
            ("https://store.example", true, "https://store.example"),
            ("http://127.0.0.1:9000/", true, "http://127.0.0.1:9000"),
            ("https://store.example:8443/s3/", true, "https://store.example:8443/s3"),
            ("https://store.example:8443", false, "https://files.store.example:8443"),
        ] {
            let settings = settings(endpoint, path_style);
            let address = address(settings.endpoint.as_ref().unwrap(), &settings).unwrap();
            assert_eq!(address, expected);
        }
    }
}
