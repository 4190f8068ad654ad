//! Requests in the shapes that the known client libraries send (api-v2 10). Each is what
//! such a library puts on the wire, with sample values.

#![allow(clippy::unwrap_used)]

use wire::field;
use wire::json::{Json, Object};
use wire::params::{DataFault, MethodOverride, Params};
use wire::signature::{matches, parse_ts};

const PRIVATE_KEY: &str = "prv{M)=w$7]e^Yb";
const SIGNED: &str = "api_key=pub&ts=1300000000&api_sig=50858dc1929cbf34fc5da68c2871579531afe57c";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn get(query: &str) -> Params {
    Params::decode(true, Some(query), None, Vec::new()).unwrap()
}

fn post(query: Option<&str>, content_type: Option<&str>, body: &str) -> Params {
    Params::decode(false, query, content_type, body.as_bytes().to_vec()).unwrap()
}

fn assert_signed(params: &Params) {
    let ts = params.ts.as_deref().unwrap();
    assert_eq!(params.api_key.as_deref(), Some("pub"));
    assert_eq!(parse_ts(ts), Ok(1_300_000_000));
    assert!(matches(PRIVATE_KEY, ts, params.api_sig.as_deref().unwrap()));
}

fn object(params: &mut Params) -> Object {
    params.data_object().unwrap().object
}

fn text<'o>(object: &'o Object, name: &str) -> &'o str {
    field::text(object.get(name)).unwrap().unwrap()
}

fn names(object: &Object) -> Vec<&str> {
    object.iter().map(|(name, _)| name).collect()
}

/// A multipart body, each part as its headers and its content.
fn multipart(boundary: &str, parts: &[(&str, &str)]) -> String {
    let part = |(headers, content): &(&str, &str)| format!("--{boundary}\r\n{headers}\r\n\r\n{content}\r\n");
    parts.iter().map(part).collect::<String>() + &format!("--{boundary}--\r\n")
}

#[test]
fn python_orders_with_ascii_json_in_a_form() {
    let body = format!(
        "data=%7B%22jobs%22%3A%7B%22job_1%22%3A%7B%22body_src%22%3A%22%5Cu65e5%22%2C%22tier%22%3A%22standard%22%7D%7D%2C%22as_group%22%3A1%7D&{SIGNED}"
    );
    let mut params = post(None, FORM, &body);
    assert_signed(&params);
    let data = object(&mut params);
    assert_eq!(field::boolean(data.get("as_group")), Ok(Some(true)));
    let jobs = field::object(data.get("jobs")).unwrap().unwrap();
    let job = field::object(jobs.get("job_1")).unwrap().unwrap();
    assert_eq!((text(job, "body_src"), text(job, "tier")), ("日", "standard"));
}

#[test]
fn python_sends_the_comment_of_a_call_with_files_as_a_part_with_a_file_name() {
    let body = multipart(
        "0123456789abcdef",
        &[
            ("Content-Disposition: form-data; name=\"api_key\"", "pub"),
            ("Content-Disposition: form-data; name=\"ts\"", "1300000000"),
            ("Content-Disposition: form-data; name=\"data\"", r#"{"body":"see the file"}"#),
            ("Content-Disposition: form-data; name=\"api_sig\"", "50858dc1929cbf34fc5da68c2871579531afe57c"),
            ("Content-Disposition: form-data; name=\"body\"; filename=\"body\"", "see the file"),
            ("Content-Disposition: form-data; name=\"file_attachments\"; filename=\"a.txt\"", "first"),
            ("Content-Disposition: form-data; name=\"file_attachments\"; filename=\"b.txt\"", "second"),
        ],
    );
    let mut params = post(None, Some("multipart/form-data; boundary=0123456789abcdef"), &body);
    assert_signed(&params);
    assert_eq!(text(&object(&mut params), "body"), "see the file");
    let attached = params.files.iter().filter(|file| file.part_name == "file_attachments");
    assert_eq!(attached.map(|file| file.base_name()).collect::<Vec<_>>(), ["a.txt", "b.txt"]);
}

#[test]
fn python_quotes_files_under_their_whole_path() {
    let body = multipart(
        "b",
        &[
            (
                "Content-Disposition: form-data; name=\"data\"",
                r#"{"jobs":{"job_1":{"type":"file","file_key":"file_job_1"}}}"#,
            ),
            (
                "Content-Disposition: form-data; name=\"file_job_1\"; filename=\"/home/me/texts/a.docx\"\r\nContent-Type: application/octet-stream",
                "PK",
            ),
            (
                "Content-Disposition: form-data; name=\"file_job_2\"; filename*=utf-8''%2Fhome%2Fme%2F%E6%97%A5.txt\r\nContent-Type: text/plain",
                "日",
            ),
        ],
    );
    let mut params = post(Some(SIGNED), Some("multipart/form-data; boundary=b"), &body);
    assert_signed(&params);
    assert!(object(&mut params).get("jobs").is_some());
    assert_eq!(params.files.iter().map(|file| file.base_name()).collect::<Vec<_>>(), ["a.docx", "日.txt"]);
    assert_eq!(params.files[0].content_type.as_deref(), Some("application/octet-stream"));
}

#[test]
fn python_and_npm_lists_are_plain_queries() {
    let mut params = get(&format!("count=15&status=available&{SIGNED}"));
    assert_signed(&params);
    let data = object(&mut params);
    assert_eq!(names(&data), ["count", "status"]);
    assert_eq!(field::integer(data.get("count")), Ok(Some(15)));
    assert!(object(&mut get("api_key=pub")).is_empty(), "public methods come without signature");
}

#[test]
fn npm_clients_leave_data_out_when_they_have_none() {
    let mut params = post(None, FORM, SIGNED);
    assert_signed(&params);
    assert_eq!(params.data_object(), Err(DataFault::Missing));
}

#[test]
fn npm_clients_repeat_the_id_of_the_path() {
    let mut params =
        post(None, FORM, &format!("data=%7B%22id%22%3A%2242%22%2C%22action%22%3A%22approve%22%7D&{SIGNED}"));
    let data = object(&mut params);
    assert_eq!((text(&data, "id"), text(&data, "action")), ("42", "approve"));
    assert_eq!(names(&object(&mut get(&format!("id=42&{SIGNED}")))), ["id"]);
}

#[test]
fn npm_gengo_writes_lists_in_queries_with_indexes() {
    let outcome = get(&format!("job_ids%5B0%5D=1&job_ids%5B1%5D=2&{SIGNED}")).data_object().unwrap();
    assert_eq!(field::ids(outcome.all("job_ids")), Ok(Some(vec![1, 2])));
}

#[test]
fn npm_gengo_api_spreads_ids_letter_by_letter() {
    let mut params = get(&format!("0=1&1=2&2=%2C&3=7&{SIGNED}"));
    assert_signed(&params);
    assert_eq!(names(&object(&mut params)), ["0", "1", "2", "3"]);
}

#[test]
fn npm_gengo_api_orders_an_array_of_jobs() {
    let body = format!("data=%7B%22jobs%22%3A%5B%7B%22body_src%22%3A%22a%20%26%20b%22%7D%5D%7D&{SIGNED}");
    let data = object(&mut post(None, FORM, &body));
    let jobs = field::list(data.get("jobs")).unwrap().unwrap();
    assert_eq!(text(field::object(jobs.first()).unwrap().unwrap(), "body_src"), "a & b");
}

#[test]
fn java_starts_its_form_with_an_ampersand() {
    let mut params = post(None, FORM, &format!("&{SIGNED}&data=%7B%22action%22%3A%22revise%22%7D"));
    assert_signed(&params);
    assert_eq!(text(&object(&mut params), "action"), "revise");
}

#[test]
fn php_sends_its_method_and_mixes_query_and_multipart() {
    let body = multipart(
        "----b",
        &[
            ("Content-Disposition: form-data; name=\"_method\"", "post"),
            (
                "Content-Disposition: form-data; name=\"data\"",
                r#"{"jobs":{"0":{"file_key":"0"}},"process":1,"as_group":1}"#,
            ),
            (
                "Content-Disposition: form-data; name=\"0\"; filename=\"a.txt\"\r\nContent-Type: text/plain",
                "hello",
            ),
        ],
    );
    let mut params = post(Some(SIGNED), Some("multipart/form-data; boundary=----b"), &body);
    assert_signed(&params);
    assert_eq!(params.method_override, None, "post overrides nothing");
    assert_eq!(names(&object(&mut params))[..3], ["jobs", "process", "as_group"]);
    assert_eq!(params.files[0].part_name, "0");
    let put = post(None, FORM, &format!("_method=put&{SIGNED}"));
    assert_eq!(put.method_override, Some(MethodOverride::Put));
}

#[test]
fn dotnet_quotes_the_boundary_but_not_the_names() {
    let boundary = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    let body = multipart(
        boundary,
        &[
            (
                "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=data",
                r#"{"jobs":{"7":{}}}"#,
            ),
            (
                "Content-Disposition: form-data; name=7; filename=\"C:\\my texts\\a.txt\"; filename*=utf-8''C%3A%5Cmy%20texts%5Ca.txt",
                "hi",
            ),
        ],
    );
    let mut params =
        post(Some(SIGNED), Some(&format!("multipart/form-data; boundary=\"{boundary}\"")), &body);
    assert_signed(&params);
    assert!(matches!(object(&mut params).get("jobs"), Some(Json::Object(_))));
    assert_eq!((params.files[0].part_name.as_str(), params.files[0].base_name()), ("7", "a.txt"));
}

#[test]
fn ruby_cancels_with_ids_in_the_query() {
    let outcome = get(&format!("job_ids=1%2C2&{SIGNED}")).data_object().unwrap();
    assert_eq!(field::ids(outcome.all("job_ids")), Ok(Some(vec![1, 2])));
}
