//! Lists of jobs: by status, time and count, by ids, by group; and what headers say of the limits (api-v2 6.2, 9).

use crate::shop::{Shop, job};
use serde_json::{Value, json};

fn texts(count: usize) -> Value {
    (0..count).map(|n| job(&format!("text {n}"))).collect()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|line| line["job_id"].as_str().unwrap()).collect()
}

fn ordered(placed: &Value) -> Vec<String> {
    let ids = placed["job_ids"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_status_is_a_filter_under_every_name() {
    let shop = Shop::open();
    let states = [
        ("unpaid", vec!["unpaid"]),
        ("queued", vec!["queued"]),
        ("available", vec!["available"]),
        ("pending", vec!["pending"]),
        ("reviewable", vec!["reviewable"]),
        ("revising", vec!["revising"]),
        ("approved", vec!["approved"]),
        ("rejected", vec!["rejected"]),
        ("canceled", vec!["canceled", "cancelled"]),
        ("hold", vec!["hold", "held"]),
    ];
    // A queue that rests for an hour leaves what is queued where it is.
    shop.put("sandbox/robot", &json!({ "mode": "automatic", "queue": 3600, "take": "never" })).unwrap();
    let jobs = ordered(&shop.orders(&texts(states.len())).unwrap());
    for ((state, _), id) in states.iter().zip(&jobs).filter(|((state, _), _)| *state != "queued") {
        shop.control(id, "status", &json!({ "status": state, "force": 1 })).unwrap();
    }
    for ((state, names), id) in states.iter().zip(&jobs) {
        for name in names {
            let listed = shop.get("translate/jobs", &format!("status={name}")).unwrap();
            assert_eq!(ids(&listed), [id.as_str()], "{name}");
            assert_eq!(listed[0].as_object().unwrap().len(), 2, "id and time, nothing else: {listed}");
            assert_eq!(listed[0]["ctime"], shop.job(id)["ctime"], "{state}");
        }
    }
    for name in ["flying", "Approved", "1"] {
        let refused = shop.get("translate/jobs", &format!("status={name}")).unwrap_err();
        assert_eq!((refused.code(), &refused.err["field"]), (2650, &json!("status")), "{name}");
        for (state, _) in &states {
            assert!(refused.msg().contains(state), "{state} is not offered in: {}", refused.msg());
        }
    }
    assert_eq!(shop.get("translate/jobs", "status=").unwrap().as_array().unwrap().len(), 10, "not given");
}

#[test]
fn lists_are_cut_where_the_caller_or_the_contract_says() {
    let shop = Shop::open();
    let jobs = ordered(&shop.orders(&texts(205)).unwrap());
    let newest_first: Vec<&str> = jobs.iter().rev().map(String::as_str).collect();
    let ctime = shop.job(&jobs[0])["ctime"].as_i64().unwrap();
    let rows = [
        (String::new(), 10),
        ("count=".to_owned(), 10),
        ("count=0".to_owned(), 10),
        ("count=1".to_owned(), 1),
        ("count=200".to_owned(), 200),
        ("count=201".to_owned(), 200),
        ("count=2147483648".to_owned(), 200),
        (format!("timestamp_after={ctime}"), 205),
        (format!("timestamp_after={ctime}&count=0"), 205),
        (format!("timestamp_after={ctime}&count=3"), 3),
        (format!("timestamp_after={ctime}&count=300"), 200),
        (format!("timestamp_after={ctime}&status=canceled"), 0),
        (format!("timestamp_after={}", ctime + 3600), 0),
        ("timestamp_after=0".to_owned(), 205),
        ("timestamp_after=&count=2".to_owned(), 2),
    ];
    for (parameters, count) in rows {
        let listed = shop.get("translate/jobs", &parameters).unwrap();
        // All were ordered at once: their ids break the tie.
        assert_eq!(ids(&listed), newest_first[..count], "{parameters}");
    }
    let wrong = ["many", "-1", "1.5", "1e2", "99999999999999999999"];
    for (name, value) in ["count", "timestamp_after"].iter().flat_map(|name| wrong.map(|value| (name, value)))
    {
        let refused = shop.get("translate/jobs", &format!("{name}={value}")).unwrap_err();
        assert_eq!((refused.code(), &refused.err["field"]), (1352, &json!(name)), "{name}={value}");
        assert!(refused.msg().contains(name), "{}", refused.msg());
    }
}

#[test]
fn the_newest_job_is_first_whatever_its_id() {
    let shop = Shop::open();
    let old = ordered(&shop.orders(&texts(2)).unwrap());
    shop.post("sandbox/clock", &json!({ "forward": 60 })).unwrap();
    let new = ordered(&shop.orders(&json!([job("a minute later")])).unwrap()).remove(0);
    let ctime = |id: &str| shop.job(id)["ctime"].as_i64().unwrap();
    let listed = shop.get("translate/jobs", "").unwrap();
    assert_eq!(ids(&listed), [new.as_str(), &old[1], &old[0]]);
    for (after, expected) in [(ctime(&new), vec![new.as_str()]), (ctime(&new) + 1, vec![])] {
        let listed = shop.get("translate/jobs", &format!("timestamp_after={after}")).unwrap();
        assert_eq!(ids(&listed), expected, "{after}");
    }
}

#[test]
fn several_jobs_come_in_the_order_asked_and_each_once() {
    let shop = Shop::open();
    let jobs = ordered(&shop.orders(&texts(200)).unwrap());
    let ask = |ids: &[&str]| shop.get(&format!("translate/jobs/{}", ids.join(",")), "");
    let [a, b, c] = [&jobs[0], &jobs[1], &jobs[2]].map(String::as_str);
    let rows = [
        (vec![c, a, b], vec![c, a, b]),
        (vec![b, a, b, b], vec![b, a]),
        (vec!["999999", c, "0", "x", "-1", "99999999999999999999", a], vec![c, a]),
        (vec!["", a, "", ""], vec![a]),
        (vec![" ", a], vec![a]),
    ];
    for (asked, expected) in rows {
        let path: Vec<String> = asked.iter().map(|id| id.replace(' ', "%20")).collect();
        let asked: Vec<&str> = path.iter().map(String::as_str).collect();
        assert_eq!(ids(&ask(&asked).unwrap()["jobs"]), expected, "{asked:?}");
    }
    shop.wait_for(a, "available");
    assert_eq!(ask(&[a]).unwrap()["jobs"][0], shop.job(a), "the payload is the job's own");
    for none in [&["999999"][..], &["x", "y"], &[","]] {
        let refused = ask(none).unwrap_err();
        assert_eq!((refused.code(), &refused.err["field"]), (2100, &json!("job_id")), "{none:?}");
    }
    let mut many: Vec<&str> = jobs.iter().map(String::as_str).collect();
    assert_eq!(ask(&many).unwrap()["jobs"].as_array().unwrap().len(), 200);
    many.push("999999");
    let refused = ask(&many).unwrap_err();
    assert_eq!(refused.code(), 1352);
    assert!(refused.msg().contains("has 201 ids; at most 200"), "{}", refused.msg());
}

#[test]
fn a_group_lists_its_jobs_by_position_and_then_as_sent() {
    let shop = Shop::open();
    let mut jobs = texts(6);
    for (n, position) in [5, 1, 3, 1, -2].into_iter().enumerate() {
        jobs[n]["position"] = json!(position);
    }
    let placed = shop.post("translate/jobs", &json!({ "jobs": jobs, "as_group": "true" })).unwrap();
    let sent = ordered(&placed);
    let group = placed["group_id"].as_str().unwrap();
    let listed = shop.get(&format!("translate/jobs/group/{group}"), "").unwrap();
    let with_position: Vec<&str> = ids(&listed["jobs"]).into_iter().filter(|id| *id != sent[5]).collect();
    assert_eq!(with_position, [&sent[4], &sent[1], &sent[3], &sent[2], &sent[0]]);
    assert_eq!(ids(&listed["jobs"]).len(), 6);
    assert_eq!(listed["ctime"], shop.job(&sent[0])["ctime"]);
    for (n, position) in [5, 1, 3, 1, -2].into_iter().enumerate() {
        assert_eq!(shop.job(&sent[n])["position"], position);
        assert_eq!(shop.job(&sent[n])["group_id"], json!(group));
    }
    for unknown in ["999", "0", "-1", "x", "99999999999999999999"] {
        let refused = shop.get(&format!("translate/jobs/group/{unknown}"), "").unwrap_err();
        assert_eq!((refused.code(), &refused.err["field"]), (2600, &json!("group_id")), "{unknown}");
    }
    let refused = shop.get("translate/jobs/group", "").unwrap_err();
    assert_eq!(refused.code(), 2550);
}

/// The tighter limit speaks; without limits nothing is said.
#[test]
fn headers_say_what_the_limits_leave() {
    let told = |flags: &[&str]| {
        let shop = Shop::open_with(flags);
        let answers = [0, 1].map(|_| shop.call("GET", "account/balance", "", &[]));
        let unsigned = shop.raw("GET", &format!("{}account/balance", shop.base), &[], None);
        let headers = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
        answers.iter().chain([&unsigned]).map(|raw| headers.map(|name| raw.header(name).to_owned())).collect()
    };
    let none: Vec<[String; 3]> = told(&[]);
    assert_eq!(none, vec![[const { String::new() }; 3]; 3]);
    let rows = [
        (["--rate-limit-per-address", "90", "--rate-limit-per-key", "60"], "60", "90"),
        (["--rate-limit-per-address", "60", "--rate-limit-per-key", "90"], "60", "60"),
    ];
    for (flags, signed, unsigned) in rows {
        let all = told(&flags);
        assert_eq!([&all[0][0], &all[1][0], &all[2][0]], [signed, signed, unsigned], "{flags:?}");
        let remaining: Vec<i64> = all.iter().map(|headers| headers[1].parse().unwrap()).collect();
        let limit: i64 = signed.parse().unwrap();
        // A second gives one or two back.
        assert!((limit - 3..limit).contains(&remaining[0]), "{flags:?}: {all:?}");
        assert!(remaining[1] <= remaining[0] + 1, "{flags:?}: {all:?}");
        assert!(all.iter().all(|headers| (1..=60).contains(&headers[2].parse::<i64>().unwrap())), "{all:?}");
    }
}

/// Not what another limit would still allow.
#[test]
fn a_refusal_for_the_rate_tells_of_the_limit_that_is_used_up() {
    for (exhausted, roomy) in [("per-key", "per-address"), ("per-address", "per-key")] {
        let flags = [format!("--rate-limit-{exhausted}"), format!("--rate-limit-{roomy}")];
        let shop = Shop::open_with(&[&flags[0], "2", &flags[1], "90"]);
        let asks = || shop.call("GET", "account/balance", "", &[]);
        let refused = (0..10).map(|_| asks()).find(|raw| raw.status == 429).unwrap();
        let told =
            ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| refused.header(name));
        assert_eq!(told, ["2", "0", "60"], "{exhausted}");
        assert!((1..=30).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{exhausted}");
    }
}
