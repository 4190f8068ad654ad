//! The body of a request, by its content type.

use super::{Data, Params, ParamsFault, form, header, multipart};
use crate::json::{Json, Object, parse};

/// Adds the parameters of a body. No content type, or one of another text, is taken for
/// an urlencoded form: old clients send all kinds.
pub(super) fn read(
    params: &mut Params,
    content_type: Option<&str>,
    body: impl AsRef<[u8]> + Send + 'static,
) -> Result<(), ParamsFault> {
    if body.as_ref().is_empty() {
        return Ok(());
    }
    let content_type = content_type.unwrap_or_default();
    match header::essence(content_type).as_str() {
        "" | "application/x-www-form-urlencoded" => form::read(params, body.as_ref()),
        "multipart/form-data" => multipart::read(params, content_type, body),
        "application/json" => read_json(params, body.as_ref()),
        text if text.starts_with("text/") => form::read(params, body.as_ref()),
        other => Err(ParamsFault::ContentType(other.to_owned())),
    }
}

/// Either an envelope with `data` and the credentials in it, or `data` itself. A broken
/// text is kept as such, because credentials in the query are checked first.
fn read_json(params: &mut Params, body: &[u8]) -> Result<(), ParamsFault> {
    let text = std::str::from_utf8(body).map_err(|_| ParamsFault::NotUtf8 { field: "body".to_owned() })?;
    match parse(text) {
        Ok(Json::Object(object)) if is_envelope(&object) => open_envelope(params, object),
        Ok(other) => {
            params.data = Some(Data::Json(other));
            Ok(())
        }
        Err(fault) => {
            params.data = Some(Data::Broken(fault));
            Ok(())
        }
    }
}

/// No method has a member with one of these names in its `data`.
fn is_envelope(object: &Object) -> bool {
    ["data", "api_key", "ts", "api_sig"].iter().any(|name| object.get(name).is_some())
}

fn open_envelope(params: &mut Params, envelope: Object) -> Result<(), ParamsFault> {
    for (name, value) in envelope {
        match (name.as_str(), value) {
            (_, Json::Null) => {}
            (_, Json::String(text)) => params.accept(name, text)?,
            ("data", data) => params.data = Some(Data::Json(data)),
            ("api_key" | "ts" | "api_sig" | "format" | "_method", Json::Number(text)) => {
                params.accept(name, text)?
            }
            ("api_key" | "ts" | "api_sig" | "format" | "_method", _) => {}
            (_, other) => params.accept_direct(&name, other)?,
        }
    }
    Ok(())
}
