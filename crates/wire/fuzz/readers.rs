//! What each reader of requests is put through with one input: nothing may panic, hang, or repeat a long piece of
//! the input in a message. Used by the fuzz targets beside this file, and by `tests/fuzz.rs` with a fixed number of
//! inputs.

use wire::field;
use wire::json::{Json, parse};
use wire::params::{Params, ParamsFault};

/// More than any message with 80 characters of input in it needs.
const MESSAGE_MAX_CHARS: usize = 300;

/// A query string.
pub fn query(input: &[u8]) {
    use_up(Params::decode(true, Some(&String::from_utf8_lossy(input)), None, Vec::new()));
}

/// A form.
pub fn form(input: &[u8]) {
    use_up(Params::decode(false, Some("a=1"), None, input.to_vec()));
}

/// A multipart body; the content type is input too.
pub fn multipart(input: &[u8]) {
    use_up(Params::decode(false, None, Some("multipart/form-data; boundary=b"), input.to_vec()));
    let content_type = format!("multipart/form-data;{}", String::from_utf8_lossy(input));
    use_up(Params::decode(false, None, Some(&content_type), input.to_vec()));
}

/// A JSON body.
pub fn json(input: &[u8]) {
    match parse(&String::from_utf8_lossy(input)) {
        Ok(json) => read_fields(&json),
        Err(fault) => assert_short(&fault.to_string()),
    }
    use_up(Params::decode(false, None, Some("application/json"), input.to_vec()));
}

fn assert_short(message: &str) {
    assert!(message.chars().count() <= MESSAGE_MAX_CHARS, "{message}");
}

/// Everything that a caller may do with a request.
fn use_up(params: Result<Params, ParamsFault>) {
    let mut params = match params {
        Ok(params) => params,
        Err(fault) => return assert_short(&fault.to_string()),
    };
    let files = params.files.len();
    match params.data_object() {
        Ok(outcome) => {
            let names: Vec<&str> = outcome.object.iter().map(|(name, _)| name).collect();
            names.iter().for_each(|name| drop(field::ids(outcome.all(name))));
            read_fields(&Json::Object(outcome.object));
        }
        Err(fault) => assert_short(&fault.to_string()),
    }
    assert_eq!(params.files.len(), files);
    params.files.iter().for_each(|file| drop((file.base_name().to_owned(), file.text().is_some())));
}

fn read_fields(value: &Json) {
    let value = Some(value);
    let faults = [
        field::boolean(value).err(),
        field::integer(value).err(),
        field::decimal_text(value).err(),
        field::text(value).err(),
        field::url(value).err(),
        field::ids(value).err(),
        field::list(value).err(),
        field::object(value).err(),
    ];
    faults.iter().flatten().for_each(|fault| assert_short(&fault.to_string()));
    match value {
        Some(Json::List(elements)) => elements.iter().for_each(read_fields),
        Some(Json::Object(members)) => members.iter().for_each(|(_, member)| read_fields(member)),
        _ => {}
    }
}
