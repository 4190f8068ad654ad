//! Multipart bodies as clients write them.
#![allow(clippy::unwrap_used)]

use wire::json::Json;
use wire::params::{FilePart, Params, ParamsFault};

fn decode(content_type: &str, body: &str) -> Result<Params, ParamsFault> {
    Params::decode(false, None, Some(content_type), body.as_bytes().to_vec())
}

/// The parts under these dispositions, each with the content `x`.
fn body(dispositions: &[&str]) -> String {
    let part = |disposition: &&str| format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n");
    dispositions.iter().map(part).collect::<String>() + "--b--\r\n"
}

fn one_file(disposition: &str) -> FilePart {
    let mut params = decode("multipart/form-data; boundary=b", &body(&[disposition])).unwrap();
    params.files.remove(0)
}

#[test]
fn boundaries_quoted_and_not() {
    for (content_type, boundary) in [
        ("multipart/form-data; boundary=b", "b"),
        ("multipart/form-data; boundary=\"b\"", "b"),
        ("Multipart/Form-Data;charset=utf-8;BOUNDARY=b", "b"),
        ("multipart/form-data; boundary=----=_Part_1_12.34", "----=_Part_1_12.34"),
        ("multipart/form-data; boundary=\"a b;c\"", "a b;c"),
        ("multipart/form-data; boundary=b;", "b"),
    ] {
        let text = body(&["form-data; name=\"a\""]).replace("--b", &format!("--{boundary}"));
        let params = decode(content_type, &text).unwrap();
        assert_eq!(params.direct("a"), Some(&Json::String("x".to_owned())), "{content_type}");
    }
}

#[test]
fn names_in_every_form() {
    for (disposition, name) in [
        ("form-data; name=\"a\"", "a"),
        ("form-data; name=a", "a"),
        ("form-data;name=a", "a"),
        ("form-data; NAME = a ", "a"),
        ("form-data; name=\"a;b\"", "a;b"),
        ("form-data; name=\"a\\\"b\"", "a\"b"),
        ("form-data; name=\"日本\"", "日本"),
        ("form-data; name*=utf-8''%E6%97%A5", "日"),
        ("attachment; name=a", "a"),
    ] {
        let params = decode("multipart/form-data; boundary=b", &body(&[disposition])).unwrap();
        assert!(params.direct(name).is_some(), "{disposition}: {params:?}");
    }
}

#[test]
fn file_names_in_every_form() {
    for (disposition, part_name, file_name, base_name) in [
        ("form-data; name=\"f\"; filename=\"a b.txt\"", "f", "a b.txt", "a b.txt"),
        ("form-data; filename=a b.txt; name=f", "f", "a b.txt", "a b.txt"),
        ("form-data; name=f; filename=\"C:\\docs\\a.txt\"", "f", "C:\\docs\\a.txt", "a.txt"),
        ("form-data; name=f; filename=\"/home/me/a.txt\"", "f", "/home/me/a.txt", "a.txt"),
        ("form-data; name=f; filename=\"say %22hi%22.txt\"", "f", "say \"hi\".txt", "say \"hi\".txt"),
        ("form-data; name=f; filename*=UTF-8''na%C3%AFve.txt", "f", "naïve.txt", "naïve.txt"),
        ("form-data; name=f; filename=x.txt; filename*=utf-8'en'%E6%97%A5.txt", "f", "日.txt", "日.txt"),
        ("form-data; name=f; filename*=iso-8859-1''%E9t%E9.txt", "f", "été.txt", "été.txt"),
        ("form-data; name=f; filename*=UTF-8''%FF; filename=x.txt", "f", "x.txt", "x.txt"),
        ("form-data; name=f; filename=\"C:\\docs\\\"", "f", "C:\\docs\\", ""),
        ("form-data; name=f; filename=\"\"", "f", "", ""),
        ("form-data; name=f; filename=\"unclosed.txt", "f", "unclosed.txt", "unclosed.txt"),
    ] {
        let file = one_file(disposition);
        assert_eq!(
            (file.part_name.as_str(), file.file_name.as_str()),
            (part_name, file_name),
            "{disposition}"
        );
        assert_eq!(file.base_name(), base_name);
    }
}

#[test]
fn a_part_with_a_file_name_is_a_file_and_may_be_a_parameter() {
    let text = body(&["form-data; name=body; filename=body", "form-data; name=file_1; filename=a.txt"]);
    let mut params = decode("multipart/form-data; boundary=b", &text).unwrap();
    assert_eq!(params.files.len(), 2);
    let outcome = params.data_object().unwrap();
    assert_eq!(outcome.object.get("body"), Some(&Json::String("x".to_owned())));
    assert_eq!(params.files.len(), 2, "the files stay");
}

#[test]
fn a_long_text_is_a_parameter_only_if_its_file_name_says_nothing() {
    let long = "x".repeat(200_000);
    for (file_name, is_parameter) in [("f", true), ("", true), ("a.txt", false)] {
        let text = format!(
            "--b\r\nContent-Disposition: form-data; name=f; filename=\"{file_name}\"\r\n\r\n{long}\r\n--b--"
        );
        let outcome = decode("multipart/form-data; boundary=b", &text).unwrap().data_object().unwrap();
        assert_eq!(outcome.object.get("f").is_some(), is_parameter, "{file_name}");
    }
}

#[test]
fn a_binary_file_is_no_parameter_and_no_fault() {
    let text = b"--b\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Type: image/png\r\n\r\n\xff\x00\r\n\r\n--b--";
    let mut params =
        Params::decode(false, None, Some("multipart/form-data; boundary=b"), text.to_vec()).unwrap();
    assert!(params.data_object().unwrap().object.is_empty());
    assert_eq!(params.files[0].content_type.as_deref(), Some("image/png"));
    assert_eq!(&params.files[0].bytes[..], b"\xff\x00\r\n");
}

#[test]
fn data_with_a_file_name_is_data() {
    let text =
        "--b\r\nContent-Disposition: form-data; name=data; filename=jobs.json\r\n\r\n{\"a\":1}\r\n--b--";
    let mut params = decode("multipart/form-data; boundary=b", text).unwrap();
    assert!(params.files.is_empty());
    assert!(params.data_object().unwrap().object.get("a").is_some());
}

#[test]
fn preamble_padding_and_nothing_at_all() {
    let params = decode(
        "multipart/form-data; boundary=b",
        "ignored\r\n--b  \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--ignored",
    );
    assert_eq!(params.unwrap().direct("a"), Some(&Json::String("1".to_owned())));
    assert!(decode("multipart/form-data; boundary=b", "--b--").is_ok());
}

#[test]
fn broken_bodies_are_told() {
    for (content_type, text, said) in [
        ("multipart/form-data", "--b--", "its content type names no boundary"),
        ("multipart/form-data; boundary=c", "--b--", "it does not end with the boundary of its content type"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
            "it breaks off in part \"a\"",
        ),
        ("multipart/form-data; boundary=b", "--b\r\n\0: x\r\n\r\nx\r\n--b--", "a part has malformed headers"),
    ] {
        let fault = decode(content_type, text).unwrap_err();
        assert_eq!(fault.to_string(), format!("the multipart body cannot be read: {said}"));
        assert_eq!(fault.code(), 1802);
    }
}
