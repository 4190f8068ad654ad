//! The vectors of the counting rule: prices must never change because counting did.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;
use text::count::{Unit, count, count_step_by_step};

fn unit_of(lang: &str) -> Unit {
    if matches!(lang, "ja" | "zh" | "zh-tw" | "zh-hk" | "ko") { Unit::Character } else { Unit::Word }
}

#[test]
fn every_vector_counts_as_specified() {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = include_str!("vectors/count.jsonl").lines().collect();
    assert_eq!(lines.len(), 120);
    for line in lines {
        let vector: Value = serde_json::from_str(line).unwrap();
        let text = vector["text"].as_str().unwrap();
        let unit = unit_of(vector["lang"].as_str().unwrap());
        let expected = vector["units"].as_u64().unwrap();
        for (path, counted) in [("fast", count(text, unit)), ("step by step", count_step_by_step(text, unit))]
        {
            if counted != expected {
                wrong.push(format!(
                    "{} ({path}): {counted}, not {expected}: {text:?} {}",
                    vector["n"], vector["why"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the specification's steps and its list of spans differ, the list holds, first match from the left: what a
/// translator sees as protected is what is not counted. Settled before the first price.
#[test]
fn what_was_settled_stays() {
    for (text, units) in [("<!-- [[[ --> a ]]]", 1), ("<a title=\"[[[x>y]]]\">z", 2), ("\u{3006}\u{3006}", 1)]
    {
        assert_eq!(count(text, Unit::Word), units, "{text}");
        assert_eq!(count_step_by_step(text, Unit::Word), units, "{text}");
    }
}

/// Pieces that meet the rule's edges, glued at random.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "Bc",
        "word",
        "7",
        "42",
        "000",
        "_",
        "-",
        "--",
        "'",
        "’",
        ".",
        ",",
        ";",
        ":",
        "/",
        "&",
        "@",
        "%",
        "#",
        "$",
        "–",
        "—",
        "\u{a0}",
        "\u{202f}",
        " ",
        "\n",
        "\r\n",
        "\t",
        "é",
        "ß",
        "Ærø",
        "ш",
        "«",
        "»",
        "。",
        "、",
        "「",
        "…",
        "“",
        "カ",
        "\u{3099}",
        "e\u{301}",
        "ﾊﾟ",
        "日",
        "ー",
        "々",
        "한",
        "ไทย",
        "٢",
        "²",
        "º",
        "½",
        "\u{ad}",
        "\u{200b}",
        "<b>",
        "</b>",
        "<br>",
        "<",
        ">",
        "[[[",
        "]]]",
        "[b]",
        "{x}",
        "{",
        "}",
        "{{",
        "}}",
        "%s",
        "%d",
        "&amp;",
        "&#39;",
        "http://e.com/x",
        "www.",
        "a@b.co",
        "\"",
        "צ",
        "\u{5be}",
        "😀",
        "\u{1}",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_fast_path_is_the_step_by_step_path(text in nasty(), character in any::<bool>()) {
        let unit = if character { Unit::Character } else { Unit::Word };
        prop_assert_eq!(count(&text, unit), count_step_by_step(&text, unit));
    }

    #[test]
    fn any_text_is_counted_without_panic(text in any::<String>()) {
        prop_assert_eq!(count(&text, Unit::Word), count_step_by_step(&text, Unit::Word));
    }

    #[test]
    fn lines_add_up(a in "[a-zA-Z0-9 ,.'日é-]{0,40}", b in "[a-zA-Z0-9 ,.'日é-]{0,40}") {
        let both = format!("{a}\n{b}");
        prop_assert_eq!(count(&both, Unit::Word), count(&a, Unit::Word) + count(&b, Unit::Word));
    }

    #[test]
    fn bracketed_text_adds_nothing(a in "[a-z ]{0,20}", b in "[a-z ]{0,20}") {
        let with = format!("{a} [[[x]]] {b}");
        prop_assert_eq!(count(&with, Unit::Word), count(&format!("{a} {b}"), Unit::Word));
    }
}
