//! What is suggested for a path that does not exist.

use wire::route::nearest;

#[test]
fn the_nearest_path() {
    let known = [
        "account/balance",
        "translate/job/{id}",
        "translate/job/{id}/comment",
        "translate/job/{id}/comments",
        "translate/jobs",
        "translate/jobs/{ids}",
        "translate/order/{id}",
        "translate/service/languages",
        "translate/service/language_pairs",
    ];
    for (path, right) in [
        ("account/balanse", "account/balance"),
        ("/account/balance/", "account/balance"),
        ("balance", "account/balance"),
        ("translate/jbo/42", "translate/job/{id}"),
        ("translate/job/42/coment", "translate/job/{id}/comment"),
        ("translate/jobs/1,2", "translate/jobs/{ids}"),
        ("translate/Jobs", "translate/jobs"),
        ("translate/service/langage_pair", "translate/service/language_pairs"),
        ("service/languages", "translate/service/languages"),
        ("translate/orders/7", "translate/order/{id}"),
    ] {
        assert_eq!(nearest(path, &known), Some(right), "{path}");
    }
    assert_eq!(nearest("x", &[]), None);
    assert!(nearest(&"/é".repeat(100_000), &known).is_some());
}
