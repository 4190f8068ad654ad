//! JSON as sent: exact numbers, order, limits, and faults with their place.

use proptest::prelude::*;
use wire::json::{DEPTH_MAX, Json, JsonFault, STRING_MAX_BYTES, VALUES_MAX, parse, shown_text};

fn fault(text: &str) -> JsonFault {
    parse(text).expect_err("the text is broken")
}

#[test]
fn numbers_keep_their_text() {
    for number in ["0", "-0", "0.10", "1E400", "12345678901234567890123.4500", "1e-7"] {
        assert_eq!(parse(number), Ok(Json::Number(number.to_owned())));
        let Ok(Json::List(list)) = parse(&format!("[ {number} ]")) else { panic!("no list") };
        assert_eq!(list, [Json::Number(number.to_owned())]);
    }
}

#[test]
fn objects_keep_their_order_and_can_be_taken_apart() {
    let Ok(Json::Object(mut object)) = parse(r#" {"z":1,"a":{"b":[true,null]},"m":"\u65e5\ud83d\ude00"} "#)
    else {
        panic!("no object")
    };
    assert_eq!(object.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["z", "a", "m"]);
    assert_eq!(object.get("m"), Some(&Json::String("日😀".to_owned())));
    assert_eq!(object.remove("z"), Some(Json::Number("1".to_owned())));
    assert_eq!(object.remove("z"), None);
    assert_eq!((object.len(), object.is_empty()), (2, false));
    assert_eq!(object.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "m"]);
}

#[test]
fn a_name_that_comes_twice_is_told_wherever_it_is() {
    for members in [1, 2, 15, 16, 17, 500] {
        let body: String = (0..members).map(|n| format!("\"k{n}\":{n},\n")).collect();
        for repeated in [0, members - 1] {
            let twice = fault(&format!("{{{body}\"k{repeated}\":0}}"));
            assert_eq!(twice.line, members + 1);
            assert_eq!(twice.expected, format!("each member once, but \"k{repeated}\" comes twice here"));
        }
        assert!(parse(&format!("{{{body}\"other\":0}}")).is_ok());
    }
    assert_eq!(fault(r#"{"a":1,"\u0061":2}"#).column, 8);
    assert_eq!(fault("{\"a\":[\n{\"b\":1,\n \"b\":2}]}").line, 3);
    assert!(parse(r#"[{"a":1},{"a":2}]"#).is_ok());
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    let deep = fault(&nested(DEPTH_MAX + 1));
    assert_eq!((deep.line, deep.column), (1, DEPTH_MAX + 1));
    assert_eq!(deep.expected, "at most 32 lists and objects inside each other");
    assert_eq!(fault(&nested(500_000)).column, DEPTH_MAX + 1);
    assert!(parse(&"[".repeat(500_000)).is_err());
}

#[test]
fn the_number_of_values_is_limited() {
    let text = format!("[{}0]", "0,".repeat(VALUES_MAX - 1));
    assert_eq!(fault(&text).expected, "at most 1000000 values in all");
}

#[test]
fn the_length_of_a_string_is_limited() {
    let longest = "x".repeat(STRING_MAX_BYTES - 2);
    assert!(parse(&format!("[\"{longest}\"]")).is_ok());
    assert_eq!(fault(&format!("[\"{longest}y\"]")).expected, "strings of at most 16 MB");
    assert_eq!(fault(&format!("{{\"{longest}y\":1}}")).expected, "strings of at most 16 MB");
}

#[test]
fn faults_say_where_and_what() {
    for (text, line, column, expected) in [
        ("", 1, 1, "the rest of a value, but the text ends here"),
        ("\n\n  x", 3, 3, "a value"),
        ("{\"a\" 1}", 1, 6, "`:`"),
        ("{\"a\":1 \"b\":2}", 1, 8, "`,` or `}`"),
        ("[1 2]", 1, 4, "`,` or `]`"),
        ("[1,]", 1, 4, "a value"),
        ("tru", 1, 4, "the rest of a value, but the text ends here"),
        ("nulx", 1, 4, "`true`, `false` or `null`"),
        ("[01]", 1, 3, "a number"),
        ("\"a\nb\"", 1, 3, r"an escape such as \n or \t instead of the bare control character"),
        (r#""\x""#, 1, 3, r#"one of the escapes \" \\ \/ \b \f \n \r \t \uXXXX"#),
        ("\"abc", 1, 5, "the rest of a string, but the text ends here"),
        ("{'a':1}", 1, 2, "a member's name in double quotes"),
        ("{}{}", 1, 3, "the end of the text"),
    ] {
        let expected = expected.to_owned();
        assert_eq!(fault(text), JsonFault { line, column, expected }, "{text}");
    }
    let half = fault("{\"a\":\n\n[\"long enough\",\"\\ud800\"]}");
    assert_eq!((half.line, half.column), (3, 23));
    assert_eq!(half.expected, r"a whole character as \uXXXX, or both halves of a pair");
}

#[test]
fn a_fault_repeats_at_most_80_characters_of_the_text() {
    let name = "n".repeat(500);
    let text = fault(&format!("{{\"{name}\":1,\"{name}\":2}}")).to_string();
    assert!(text.contains(&"n".repeat(80)) && !text.contains(&"n".repeat(81)), "{text}");
    assert_eq!(shown_text("a\"b"), r#""a\"b""#);
}

/// The same document read by the other reader, to compare with.
fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
        (Json::Number(ours), serde_json::Value::Number(theirs)) => *ours == theirs.to_string(),
        (Json::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Json::List(ours), serde_json::Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), serde_json::Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| ours.0 == theirs.0 && same(ours.1, theirs.1))
        }
        _ => false,
    }
}

fn documents() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            prop::collection::vec((any::<String>(), inner), 0..20)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_document_is_read_as_it_is(document in documents()) {
        for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
            prop_assert!(same(&parse(&text).unwrap(), &document), "{}", text);
        }
    }

    #[test]
    fn what_one_reader_refuses_the_other_does_too(text in "[\\[\\]{},:\"a1 \\\\u\n.-]{0,12}") {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match parse(&text) {
            Ok(ours) => prop_assert!(theirs.is_ok_and(|theirs| same(&ours, &theirs)) || text.contains(['1', '.'])),
            Err(fault) => prop_assert!(theirs.is_err() || fault.expected.starts_with("each member once"), "{}", text),
        }
    }
}

/// Looking for each name among all that came before would take hours here.
#[test]
fn a_million_members_are_put_together_at_once() {
    let members = (0..1_000_000).map(|n| (format!("k{}", n % 700_000), Json::Number(n.to_string())));
    let object: wire::json::Object = members.collect();
    assert_eq!(object.len(), 700_000);
    assert_eq!(object.get("k0"), Some(&Json::Number("700000".to_owned())), "the last counts");
    assert_eq!(object.iter().next().map(|(name, _)| name), Some("k0"), "the first place counts");
}
