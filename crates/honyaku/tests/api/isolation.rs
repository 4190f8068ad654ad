//! Receivers that take their time hold up only each other (api-v2 8, isolation).

use crate::database::{Database, connect};
use crate::house::House;
use crate::shop::{Shop, job};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// What a receiver has seen.
#[derive(Default)]
struct Seen {
    calls: usize,
    /// Calls that were answered at once.
    answered: usize,
    /// Calls that wait for their answer, and the most that ever did.
    held: usize,
    most_held: usize,
    /// Calls that were given up before they were answered.
    given_up: usize,
    released: bool,
    /// Whoever answered below `/turns` holds its calls from now on.
    turned: bool,
}

/// Answers at once below `/prompt`, and below `/hold` when it is told to; below `/turns` first so, then so. It has all of the machine's own
/// addresses, each of which is a destination.
struct Receiver {
    port: u16,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Receiver {
    fn open() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<(Mutex<Seen>, Condvar)> = Arc::default();
        let known = Arc::clone(&seen);
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let seen = Arc::clone(&known);
                std::thread::spawn(move || while take(&caller, &seen).is_some() {});
            }
        });
        Self { port, seen }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}/{path}", self.port)
    }

    fn seen<T>(&self, read: impl Fn(&Seen) -> T) -> T {
        read(&self.seen.0.lock().unwrap())
    }

    fn release(&self) {
        self.seen.0.lock().unwrap().released = true;
        self.seen.1.notify_all();
    }
}

/// Reads a call and answers it. None: there are no more.
fn take(caller: &TcpStream, (seen, told): &(Mutex<Seen>, Condvar)) -> Option<()> {
    let mut reader = BufReader::new(caller);
    let (mut path, mut length, mut line) = (String::new(), 0, String::new());
    while reader.read_line(&mut line).ok()? > 0 && line != "\r\n" {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if path.is_empty() {
            path = line.split(' ').nth(1)?.to_owned();
        }
        line.clear();
    }
    if path.is_empty() {
        return None;
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let mut now = seen.lock().unwrap();
    now.calls += 1;
    if path == "/hold" || path == "/turns" && now.turned {
        now.held += 1;
        now.most_held = now.most_held.max(now.held);
        caller.set_nonblocking(true).unwrap();
        while !now.released {
            now = told.wait_timeout(now, Duration::from_millis(50)).unwrap().0;
            if matches!(caller.peek(&mut [0]), Ok(0)) {
                now.held -= 1;
                now.given_up += 1;
                return None;
            }
        }
        caller.set_nonblocking(false).unwrap();
        now.held -= 1;
    } else {
        now.answered += 1;
    }
    drop(now);
    let mut answer = caller;
    answer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()
}

fn called_back_at(text: &str, url: &str) -> Value {
    let mut job = job(text);
    job["callback_url"] = json!(url);
    job
}

/// One callback was taken, so that the destination is known to be prompt.
fn proves_itself(shop: &Shop, url: &str) {
    shop.orders(&json!([called_back_at(&format!("to begin with {url}"), url)])).unwrap();
    shop.until("the first is delivered", || {
        shop.get("account/callbacks", "state=delivered").unwrap()["callbacks"] != json!([])
    });
}

/// One more callback, to a receiver that answers at once, comes in while the others still hold theirs.
fn is_called_in_between(shop: &Shop, receiver: &Receiver, prompt: &str) {
    let before = receiver.seen(|seen| seen.answered);
    shop.orders(&json!([called_back_at("in between", prompt)])).unwrap();
    shop.until("the prompt one is called", || receiver.seen(|seen| seen.answered == before + 1));
    assert_eq!(receiver.seen(|seen| seen.given_up), 0, "it waited until others were given up");
}

#[test]
fn a_prompt_receiver_does_not_wait_for_hundreds_that_never_answer() {
    let house = House::full();
    let (shop, receiver) = (&house.shop, Receiver::open());
    let prompt = receiver.url("127.0.0.1", "prompt");
    proves_itself(shop, &prompt);
    let silent: Vec<Value> = (0..400)
        .map(|number| {
            let host = format!("127.1.{}.{}", number / 200, number % 200 + 1);
            called_back_at(&format!("silent{number}"), &receiver.url(&host, "hold"))
        })
        .collect();
    shop.orders(&json!(silent)).unwrap();
    // On each node.
    shop.until("many are held", || receiver.seen(|seen| seen.held >= 40 * house.nodes()));

    is_called_in_between(shop, &receiver, &prompt);
}

/// As when the one who hosts them is cut off.
#[test]
fn a_prompt_receiver_does_not_wait_for_others_that_were_prompt_until_now() {
    let house = House::full();
    let (shop, receiver) = (&house.shop, Receiver::open());
    let prompt = receiver.url("127.0.0.1", "prompt");
    proves_itself(shop, &prompt);
    let count = 90 * house.nodes();
    let others: Vec<Value> = (0..count)
        .map(|number| {
            let host = format!("127.3.{}.{}", number / 200, number % 200 + 1);
            called_back_at(&format!("other{number}"), &receiver.url(&host, "turns"))
        })
        .collect();
    let placed = shop.orders(&json!(others)).unwrap();
    let waiting = "SELECT COUNT(*) FROM delivery WHERE state = 'waiting'";
    shop.until("all are known to be prompt", || receiver.seen(|seen| seen.answered == count + 1));
    shop.until("and it is written down", || shop.database.ask(waiting) == 0);
    receiver.seen.0.lock().unwrap().turned = true;
    for id in placed["job_ids"].as_array().unwrap() {
        shop.control(id.as_str().unwrap(), "take", &json!({})).unwrap();
    }
    shop.until("they hold all the room", || receiver.seen(|seen| seen.held >= 80 * house.nodes()));

    is_called_in_between(shop, &receiver, &prompt);
}

#[test]
fn a_receiver_gets_four_callbacks_at_once_at_most() {
    let house = House::full();
    let (shop, receiver) = (&house.shop, Receiver::open());
    proves_itself(shop, &receiver.url("127.0.0.1", "prompt"));
    let hold = receiver.url("127.0.0.1", "hold");
    for number in 0..12 {
        shop.orders(&json!([called_back_at(&format!("held {number}"), &hold)])).unwrap();
        shop.until("it is a callback", || {
            let waiting = shop.get("account/callbacks", "state=waiting&count=50").unwrap();
            waiting["callbacks"].as_array().unwrap().len() == number + 1
        });
    }
    shop.until("four are held", || receiver.seen(|seen| seen.held >= 4));
    if shop.database.is_postgres() {
        // Longer than other nodes leave a turn alone that is not prolonged.
        std::thread::sleep(Duration::from_secs(6));
    }
    receiver.release();
    shop.until("all are delivered", || {
        let delivered = shop.get("account/callbacks", "state=delivered&count=50").unwrap();
        delivered["callbacks"].as_array().unwrap().len() == 13
    });
    assert_eq!(receiver.seen(|seen| (seen.most_held, seen.given_up)), (4, 0));
}

/// One node answers, another one works and is killed while a callback is under way: a third one takes over.
#[test]
fn what_a_killed_node_was_sending_is_sent_by_another_within_five_seconds() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let receiver = Receiver::open();
    let shop = Shop::start(database, &["--role", "api"]);
    let held = shop.orders(&json!([called_back_at("held", &receiver.url("127.0.0.1", "hold"))])).unwrap();
    let id = held["job_ids"][0].as_str().unwrap();
    assert_eq!(shop.job(id)["status"], "queued", "nobody works yet");
    let worker = || Shop::start(shop.database.shared(), &["--role", "worker"]);
    let first = worker();
    let refused = first.call("GET", "account/balance", "", &[]);
    assert_eq!((refused.status, &refused.json()["err"]["code"]), (503, &json!(2800)));
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    shop.wait_for(id, "available");
    shop.until("its callback is held", || receiver.seen(|seen| seen.held == 1));
    let second = worker();
    first.tell("KILL");
    let killed = Instant::now();
    shop.until("the other one calls", || receiver.seen(|seen| (seen.given_up, seen.held) == (1, 1)));
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    receiver.release();
    shop.until("it is delivered", || {
        shop.get("account/callbacks", "state=delivered").unwrap()["callbacks"] != json!([])
    });
    drop(second);
    shop.verify();
}

/// The database gives a node a moment's trouble, as after a deadlock or a restart, just when it writes that the receiver
/// took a callback.
#[test]
fn a_callback_that_was_taken_is_not_sent_again_because_that_could_not_be_written() {
    let shop = Shop::open();
    if !shop.database.is_postgres() {
        return;
    }
    let receiver = Receiver::open();
    shop.orders(&json!([called_back_at("held", &receiver.url("127.0.0.1", "hold"))])).unwrap();
    shop.until("it is held", || receiver.seen(|seen| seen.held == 1));
    let mut holder = connect(&shop.database.url());
    let other = Mutex::new(connect(&shop.database.url()));
    holder.batch_execute("BEGIN; SELECT id FROM destination FOR UPDATE").unwrap();
    receiver.release();
    let canceled = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
        WHERE wait_event_type = 'Lock' AND datname = current_database()";
    shop.until("the result waits for the lock, and is refused", || {
        !other.lock().unwrap().query(canceled, &[]).unwrap().is_empty()
    });
    holder.batch_execute("COMMIT").unwrap();
    shop.until("it is written", || {
        shop.get("account/callbacks", "state=delivered").unwrap()["callbacks"] != json!([])
    });
    assert_eq!(receiver.seen(|seen| seen.calls), 1);
}

/// What comes while a turn goes on is sent in it or after it, and all of it once.
#[test]
fn a_receiver_gets_all_of_a_long_row_once() {
    let shop = Shop::open();
    let receiver = Receiver::open();
    let prompt = receiver.url("127.0.0.1", "prompt");
    proves_itself(&shop, &prompt);
    for order in 0..3 {
        let row: Vec<Value> =
            (0..70).map(|number| called_back_at(&format!("row {order} {number}"), &prompt)).collect();
        shop.orders(&json!(row)).unwrap();
    }
    shop.until("all are called", || receiver.seen(|seen| seen.answered >= 211));
    // It would be its turn again only when the lease ends.
    let left = "SELECT COUNT(*) FROM destination WHERE busy_until > 0 OR due_at < 9223372036854775807";
    shop.until("its turn has ended", || shop.database.ask(left) == 0);
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM delivery WHERE state <> 'delivered'"), 0);
    assert_eq!(receiver.seen(|seen| seen.calls), 211);
}

/// As when somebody resumes one that a hundred thousand callbacks wait for.
#[test]
fn callbacks_do_not_wait_for_a_destination_that_somebody_holds() {
    let shop = Shop::open();
    if !shop.database.is_postgres() {
        return;
    }
    let receiver = Receiver::open();
    let (prompt, other) = (receiver.url("127.0.0.1", "prompt"), receiver.url("127.0.0.2", "prompt"));
    proves_itself(&shop, &other);
    proves_itself(&shop, &prompt);
    let mut holder = connect(&shop.database.url());
    let hold = "BEGIN; SELECT id FROM destination WHERE address LIKE 'http://127.0.0.2%' FOR UPDATE";
    holder.batch_execute(hold).unwrap();
    let both: Vec<Value> = [&other, &prompt].map(|url| called_back_at(&format!("to {url}"), url)).into();
    shop.orders(&json!(both)).unwrap();
    shop.until("the other one is called", || receiver.seen(|seen| seen.answered == 3));
    holder.batch_execute("COMMIT").unwrap();
    shop.until("then the one that was held", || receiver.seen(|seen| seen.answered == 4));
}
