//! The body of a request: read up to the limit, large ones within a room that they share.

use super::failure::Failure;
use crate::app::App;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use memmap2::MmapMut;
use std::time::Duration;
use tokio::sync::SemaphorePermit;

/// So long we wait for a piece of a body, and for room to read it.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// So long a whole body may take.
const MAX_BODY: Duration = Duration::from_secs(300);
/// Bodies of at least so many bytes count as large.
const LARGE: usize = 1_000_000;

/// A body as it was sent.
pub enum Received {
    /// In memory of the allocator, which keeps what is freed for a second.
    Usual(Vec<u8>),
    /// In pages of its own, which go back to the system at once: the first so many bytes.
    Large(MmapMut, usize),
}

impl Received {
    /// What has come so far, with room for so many bytes in all.
    fn grown(self, most: usize) -> Received {
        let Ok(pages) = MmapMut::map_anon(most.max(LARGE)) else { return self };
        let mut grown = Received::Large(pages, 0);
        grown.add(self.as_ref());
        grown
    }

    fn add(&mut self, data: &[u8]) {
        match self {
            Received::Usual(bytes) => bytes.extend_from_slice(data),
            Received::Large(pages, length) => {
                let end = *length + data.len();
                match pages.get_mut(*length..end) {
                    Some(place) => {
                        place.copy_from_slice(data);
                        *length = end;
                    }
                    // More than was announced.
                    None => *self = Received::Usual([self.as_ref(), data].concat()),
                }
            }
        }
    }

    /// Takes a while to decode.
    pub fn is_large(&self) -> bool {
        self.as_ref().len() >= LARGE
    }
}

impl AsRef<[u8]> for Received {
    fn as_ref(&self) -> &[u8] {
        match self {
            Received::Usual(bytes) => bytes,
            Received::Large(pages, length) => pages.get(..*length).unwrap_or_default(),
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(app: &App) -> Failure {
    let text = format!("the body is over {} bytes; send less at a time", app.limits.body_bytes);
    Failure::new(413, text, &app.desk.public_url)
}

/// Refuses a body that announces to be over the limit, before it is read.
pub fn refuse_too_large(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    let over = announced(headers).is_some_and(|length| length > app.limits.body_bytes);
    if over { Err(too_large(app)) } else { Ok(()) }
}

/// Reads the body up to the limit; beside it the room that it takes.
pub async fn read<'a>(
    app: &'a App,
    body: axum::body::Body,
    headers: &HeaderMap,
) -> Result<(Received, Option<SemaphorePermit<'a>>), Failure> {
    let read = tokio::time::timeout(MAX_BODY, frames(app, body, headers)).await;
    read.map_err(|_| Failure::new(1250, "the body took too long", &app.desk.public_url))?
}

async fn frames<'a>(
    app: &'a App,
    mut body: axum::body::Body,
    headers: &HeaderMap,
) -> Result<(Received, Option<SemaphorePermit<'a>>), Failure> {
    let announced = announced(headers);
    let mut received = Received::Usual(Vec::with_capacity(announced.unwrap_or(0).min(LARGE)));
    let mut room = None;
    while let Some(frame) = next_frame(app, &mut body).await? {
        let frame = frame.map_err(|error| {
            Failure::new(1250, format!("the body broke off: {error}"), &app.desk.public_url)
        })?;
        let Some(data) = frame.data_ref() else { continue };
        let length = received.as_ref().len() + data.len();
        if length > app.limits.body_bytes {
            return Err(too_large(app));
        }
        if room.is_none() && length >= LARGE {
            let most = announced.unwrap_or(app.limits.body_bytes);
            room = Some(room_for(app, most).await?);
            received = received.grown(most);
        }
        received.add(data);
    }
    Ok((received, room))
}

/// Large bodies wait for each other, so that many at once cannot fill the memory. They do once a part
/// has come: who only announces much keeps nobody out. A body of unknown length counts as a full one.
async fn room_for(app: &App, bytes: usize) -> Result<SemaphorePermit<'_>, Failure> {
    let megabytes = u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX).max(1);
    let busy =
        |_| Failure::new(2800, "too many large requests at once; try again shortly", &app.desk.public_url);
    let room = tokio::time::timeout(MAX_WAIT, app.bodies.acquire_many(megabytes)).await.map_err(busy)?;
    room.map_err(|closed| Failure::broken(closed.to_string(), &app.desk.public_url))
}

/// The next piece of the body; a client that stops sending is let go.
async fn next_frame(
    app: &App,
    body: &mut axum::body::Body,
) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, Failure> {
    tokio::time::timeout(MAX_WAIT, body.frame())
        .await
        .map_err(|_| Failure::new(1250, "the body stopped arriving", &app.desk.public_url))
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Received};

    #[test]
    fn a_large_body_is_what_was_sent_also_if_it_is_more_or_less_than_announced() {
        for sent in [0, LARGE - 1, LARGE, LARGE + 1] {
            let bytes: Vec<u8> = (0..sent).map(|at| (at % 251) as u8).collect();
            let (first, rest) = bytes.split_at(sent / 2);
            let mut received = Received::Usual(first.to_vec());
            if sent >= LARGE {
                received = received.grown(LARGE);
            }
            rest.chunks(70_000).for_each(|piece| received.add(piece));
            assert!(received.as_ref() == bytes, "{sent}");
            assert_eq!(received.is_large(), sent >= LARGE);
        }
    }
}
