//! The signature of a call and its time (api-v2 2).

use wire::signature::{matches, parse_ts, sign};

const KEY: &str = "prv{M)=w$7]e^Yb";
const VECTOR: &str = "50858dc1929cbf34fc5da68c2871579531afe57c";

#[test]
fn the_vector_of_the_contract() {
    assert_eq!(sign(KEY, "1300000000"), VECTOR);
    assert!(matches(KEY, "1300000000", VECTOR));
    assert!(matches(KEY, "1300000000", &VECTOR.to_uppercase()));
}

#[test]
fn wrong_signatures() {
    for wrong in
        ["", "5", &VECTOR[..39], &format!("{VECTOR}0"), "60858dc1929cbf34fc5da68c2871579531afe57c", "é"]
    {
        assert!(!matches(KEY, "1300000000", wrong), "{wrong}");
    }
    assert!(!matches(KEY, "1300000001", VECTOR));
    assert!(!matches(KEY, "1300000000.0", VECTOR), "the text of ts is signed, not its value");
    assert!(!matches("", "1300000000", VECTOR));
}

#[test]
fn timestamps() {
    assert_eq!(parse_ts("1300000000"), Ok(1_300_000_000));
    assert_eq!(parse_ts("1300000000.75"), Ok(1_300_000_000));
    assert_eq!(parse_ts("0"), Ok(0));
    assert_eq!(parse_ts("99999999999999999999999"), Ok(i64::MAX));
    for wrong in ["", " 1", "abc", "1.", ".5", "-1", "+1", "1e9", "0x10", "１"] {
        assert!(parse_ts(wrong).is_err(), "{wrong}");
    }
}
