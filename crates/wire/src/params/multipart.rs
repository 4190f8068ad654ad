//! Multipart bodies.
//!
//! `multer` finds the parts; names are read here ([`super::header`]), because it knows no
//! `filename*`. It is an asynchronous library, but gets the whole body at once and so
//! never has to wait: no runtime is needed. It copies the body once, which frees ours,
//! and hands the parts out as slices of that copy.

use super::{FilePart, PARAMETERS_MAX, Params, ParamsFault, header::HeaderParams};
use crate::json::shown_text;
use bytes::Bytes;
use futures_util::{FutureExt as _, future, stream};
use multer::{Error, Field, Multipart};

/// Parameters that belong to the call, not to the method. A part with one of these names
/// is never a file, even with a file name (`curl -F data=@jobs.json`).
const GENERAL: &[&str] = &["data", "api_key", "ts", "api_sig", "format", "_method"];

pub(super) fn read(
    params: &mut Params,
    content_type: &str,
    body: impl AsRef<[u8]> + Send + 'static,
) -> Result<(), ParamsFault> {
    let boundary = HeaderParams::of(content_type.as_bytes()).get("boundary").unwrap_or_default();
    let boundary = String::from_utf8(boundary).ok().filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or_else(|| broken("its content type names no boundary"))?;
    read_parts(params, boundary, Bytes::from_owner(body))
        .now_or_never()
        .unwrap_or_else(|| Err(broken("it breaks off")))
}

async fn read_parts(params: &mut Params, boundary: String, body: Bytes) -> Result<(), ParamsFault> {
    let whole = stream::once(future::ready(Ok::<_, Error>(body)));
    let mut parts = Multipart::new(whole, boundary);
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(explained)? {
        count += 1;
        if count > PARAMETERS_MAX {
            return Err(ParamsFault::TooMany);
        }
        Part::read(part).await?.put_into(params)?;
    }
    Ok(())
}

struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    bytes: Bytes,
}

impl Part {
    async fn read(mut field: Field<'_>) -> Result<Part, ParamsFault> {
        let text_of = |header: &str| field.headers().get(header).map(|value| value.as_bytes().to_vec());
        let disposition = HeaderParams::of(&text_of("content-disposition").unwrap_or_default());
        let name = utf8(disposition.get("name").unwrap_or_default(), "name of a part")?;
        let file_name = disposition.get("filename").map(|file_name| utf8(file_name, &name)).transpose()?;
        let content_type = text_of("content-type").and_then(|value| String::from_utf8(value).ok());
        // The first chunk is all of the part, because all of the body is there.
        let bytes = field.chunk().await.map_err(explained)?.unwrap_or_default();
        Ok(Part { name, file_name, content_type, bytes })
    }

    fn put_into(self, params: &mut Params) -> Result<(), ParamsFault> {
        let Part { name, file_name, content_type, bytes } = self;
        match file_name {
            Some(file_name) if !GENERAL.contains(&name.as_str()) => {
                params.files.push(FilePart { part_name: name, file_name, content_type, bytes });
                Ok(())
            }
            // A part without a name is the empty pair of a form.
            _ if name.is_empty() => Ok(()),
            _ => {
                let text = utf8(Vec::from(bytes), &name)?;
                params.accept(name, text)
            }
        }
    }
}

fn utf8(bytes: Vec<u8>, field: &str) -> Result<String, ParamsFault> {
    String::from_utf8(bytes).map_err(|_| ParamsFault::NotUtf8 { field: field.to_owned() })
}

fn broken(why: &str) -> ParamsFault {
    ParamsFault::Multipart(why.to_owned())
}

/// The library's errors that a body in memory can cause.
fn explained(error: Error) -> ParamsFault {
    match error {
        Error::IncompleteFieldData { field_name: Some(name) } => {
            broken(&format!("it breaks off in part {}", shown_text(&name)))
        }
        Error::IncompleteFieldData { .. } | Error::IncompleteHeaders | Error::IncompleteStream => {
            broken("it does not end with the boundary of its content type")
        }
        Error::ReadHeaderFailed(_) | Error::DecodeHeaderName { .. } | Error::DecodeHeaderValue { .. } => {
            broken("a part has malformed headers")
        }
        _ => broken("it is malformed"),
    }
}
