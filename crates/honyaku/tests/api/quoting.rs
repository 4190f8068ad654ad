//! Quotes: what an order now would cost, whatever is known of its texts (api-v2 6.5).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn with(text: &str, more: Value) -> Value {
    let mut job = job(text);
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn cents(amount: &Value) -> i64 {
    let amount = amount.as_f64().unwrap_or_else(|| amount.as_str().unwrap().parse().unwrap());
    (amount * 100.0).round() as i64
}

/// Each row of jobs is quoted and then told by a dry run what it costs.
#[test]
fn a_quote_adds_up_to_what_an_order_now_would_charge() {
    let shop = Shop::open();
    let forced = |text: &str| with(text, json!({ "force": 1 }));
    let edited = |text: &str| with(text, json!({ "tier": "pro", "services": ["translation", "edit"] }));
    let tier = |text: &str, tier: &str| with(text, json!({ "tier": tier }));
    shop.orders(&json!([job("known"), tier("known", "ultra"), job("is canceled"), job("is rejected")]))
        .unwrap();
    let unpaid =
        json!({ "jobs": [job("is unpaid"), forced("twice unpaid"), forced("twice unpaid")], "process": 0 });
    shop.post("translate/jobs", &unpaid).unwrap();
    shop.wait_for("4", "available");
    shop.delete("translate/job/3").unwrap();
    shop.delivers("4", "訳");
    let reject = json!({ "action": "reject", "reason": "quality", "comment": "c", "follow_up": "cancel" });
    shop.put("translate/job/4", &reject).unwrap();
    let rows = [
        (json!([job("new one")]), 10, vec![]),
        (json!([job("new one"), job("new one"), job("another")]), 15, vec![1]),
        (json!([job("known"), job("known")]), 0, vec![0, 1]),
        (json!([job(" known\r\n"), job("new")]), 5, vec![0]),
        (json!([forced("known")]), 5, vec![]),
        (json!([forced("known"), job("known"), forced("known")]), 10, vec![1]),
        (json!([job("known"), forced("known"), job("known")]), 5, vec![0, 2]),
        (json!([forced("new"), forced("new")]), 10, vec![]),
        (json!([tier("known", "pro"), edited("known")]), 10, vec![1]),
        (json!([tier("known", "machine")]), 0, vec![]),
        (json!([job("is canceled"), job("is rejected")]), 20, vec![]),
        (json!([job("is unpaid")]), 10, vec![0]),
        (json!([job("is unpaid"), job("is unpaid"), forced("is unpaid")]), 20, vec![0, 1]),
        (json!([job("twice unpaid")]), 20, vec![0]),
    ];
    for (jobs, charged, known) in rows {
        let quoted = shop.post("translate/service/quote", &json!({ "jobs": jobs })).unwrap()["jobs"].clone();
        let quoted = quoted.as_array().unwrap();
        let told = shop.post("translate/jobs", &json!({ "jobs": jobs, "dry_run": 1 })).unwrap();
        let sum: i64 = quoted.iter().map(|quote| cents(&quote["credits"])).sum();
        assert_eq!(sum, cents(&told["credits_used"]), "{jobs}: {quoted:?}; {told}");
        let marked: Vec<usize> = (0..quoted.len()).filter(|index| quoted[*index]["known"] == 1).collect();
        assert_eq!(marked, known, "{jobs}: {quoted:?}");
        if !jobs.to_string().contains("\"pro\"") {
            assert_eq!(sum, charged, "{jobs}: {quoted:?}");
        }
    }
}
