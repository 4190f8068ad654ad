//! Reading from a replica that streams from the database (PostgreSQL only).

use crate::database::{Cluster, Database, connect};
use crate::shop::{Shop, job};
use serde_json::json;
use std::sync::Mutex;

/// Reads may go to a replica, but nobody misses there what was written before, through this node or another.
#[test]
fn a_replica_is_read_only_where_it_has_caught_up() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::followed();
    let database = cluster.database();
    let other = Shop::start(database.shared(), &[]);
    let node = Shop::start(database.shared(), &["--database-replica", &cluster.replica_of(&database)]);
    let reads = |by: &str| -> u64 {
        let metrics = node.raw("GET", &format!("{}/metrics", node.origin()), &[], None).body;
        let name = format!("honyaku_replica_reads_total{{by=\"{by}\"}} ");
        let text = String::from_utf8(metrics).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name.as_str()))
            .map_or(0, |count| count.parse().unwrap())
    };
    let listed = || node.get("translate/jobs", "count=200").unwrap().as_array().unwrap().len();
    other.orders(&json!([job("before")])).unwrap();
    assert_eq!(listed(), 1);
    node.until("the replica answers", || {
        listed();
        reads("replica") > 0
    });
    let callbacks = || node.get("account/callbacks", "").unwrap()["callbacks"].clone();
    node.until("it is called back", || callbacks()[0]["attempts"] != json!([]));
    node.until("the replica has that too", || {
        let before = reads("replica");
        listed();
        reads("replica") > before
    });
    cluster.hold_replica(&database, true);
    // What comes of callbacks raises no version: nothing tells whether the replica has it.
    database.change("UPDATE delivery SET state = 'dead'");
    assert_eq!(callbacks()[0]["state"], "dead");
    let before = reads("primary");
    for (number, shop) in [&other, &node, &other].into_iter().enumerate() {
        let placed = shop.orders(&json!([job(&format!("meanwhile {number}"))])).unwrap();
        assert_eq!(listed(), number + 2);
        let id = placed["job_ids"][0].as_str().unwrap();
        assert_eq!(node.get(&format!("translate/jobs/{id}"), "").unwrap()["jobs"][0]["job_id"], *id);
    }
    assert!(reads("primary") >= before + 6);
    cluster.hold_replica(&database, false);
    let before = reads("replica");
    node.until("it has caught up", || {
        assert_eq!(listed(), 4);
        reads("replica") > before
    });
    cluster.lose_replica();
    for _ in 0..20 {
        assert_eq!(listed(), 4, "the primary answers");
    }
}

#[test]
fn a_doctor_tells_a_replica_from_other_servers() {
    let (database, another) = (Database::new(), Database::new());
    if !database.is_postgres() {
        return;
    }
    let cluster = Cluster::followed();
    let (own, foreign) = (Shop::start(cluster.database(), &[]), Shop::start(database, &[]));
    let finds = |replica: &str| {
        let mut doctor = own.database.command(&["doctor"]);
        let said = doctor.env("HONYAKU_DATABASE_REPLICA", replica).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().find(|line| line.contains(" database_replica: ")).unwrap().to_owned()
    };
    assert_eq!(finds(""), "ok    database_replica: not used");
    own.until("it follows", || {
        finds(&cluster.replica_of(&own.database)).starts_with("ok    database_replica: it follows")
    });
    assert_eq!(
        finds(&own.database.url()),
        "FAULT database_replica: it follows no other server: is it database itself?"
    );
    assert_eq!(
        finds(&foreign.database.url()),
        "FAULT database_replica: it holds another installation than database"
    );
    assert!(finds(&another.url()).starts_with("FAULT database_replica: "), "it holds nothing");
    cluster.lose_replica();
    assert!(finds(&cluster.replica_of(&own.database)).starts_with("FAULT database_replica: "));
}

/// A replica ends reads that are in the way of what it receives from the primary.
#[test]
fn the_primary_answers_what_the_replica_ends() {
    if !Database::new().is_postgres() {
        return;
    }
    let cluster = Cluster::followed();
    let database = cluster.database();
    let replica = cluster.replica_of(&database);
    let node = Shop::start(database.shared(), &["--database-replica", &replica]);
    node.orders_text("to be listed");
    let mut primary = connect(&database.url());
    let replica = Mutex::new(connect(&replica));
    let until = |sql: &str| {
        node.until(sql, || replica.lock().unwrap().query(sql, &[]).is_ok_and(|rows| !rows.is_empty()));
    };
    until("SELECT 1 FROM job");
    // Who wants to read jobs waits from now on, on both.
    primary.batch_execute("BEGIN; LOCK TABLE job IN ACCESS EXCLUSIVE MODE").unwrap();
    until("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'job'::regclass");
    let listed = std::thread::scope(|scope| {
        let listing = scope.spawn(|| node.get("translate/jobs", ""));
        until("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        primary.batch_execute("COMMIT").unwrap();
        listing.join().unwrap()
    });
    assert_eq!(listed.unwrap().as_array().unwrap().len(), 1);
}
