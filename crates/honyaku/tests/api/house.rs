//! Several servers on one database, behind a round robin: any request may go to any of them.

use crate::database::Database;
use crate::shop::Shop;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Passes each connection on to the next server that takes it.
struct RoundRobin {
    address: String,
    servers: Arc<Mutex<Vec<String>>>,
}

impl RoundRobin {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let servers: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, turn) = (Arc::clone(&servers), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let servers = known.lock().unwrap().clone();
                let next = turn.fetch_add(1, Ordering::Relaxed);
                let server = (0..servers.len())
                    .find_map(|offset| TcpStream::connect(&servers[(next + offset) % servers.len()]).ok());
                if let Some(server) = server {
                    pass_on(client.try_clone().unwrap(), server.try_clone().unwrap());
                    pass_on(server, client);
                }
            }
        });
        Self { address, servers }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut piece = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

/// Three servers as one shop. The first is the one that tests talk about; calls go around.
pub struct House {
    pub shop: Shop,
    pub others: Vec<Shop>,
    _round_robin: Option<RoundRobin>,
}

impl House {
    /// As many servers as the database lets share it: three, or one.
    pub fn full() -> Self {
        let database = Database::new();
        if database.is_postgres() {
            return Self::open(database);
        }
        Self { shop: Shop::start(database, &[]), others: Vec::new(), _round_robin: None }
    }

    pub fn nodes(&self) -> usize {
        1 + self.others.len()
    }

    pub fn open(database: Database) -> Self {
        let round_robin = RoundRobin::open();
        let origin = format!("http://{}", round_robin.address);
        let start = |database: Database| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
            let flags = ["--listen", &free, "--public-url", &origin, "--sandbox-max-credits", "100000000.00"];
            let shop = Shop::start(database, &flags);
            round_robin.servers.lock().unwrap().push(free);
            shop
        };
        let mut shop = start(database);
        let others: Vec<Shop> = (0..2).map(|_| start(shop.database.shared())).collect();
        shop.base = format!("{origin}/v2/");
        Self { shop, others, _round_robin: Some(round_robin) }
    }
}
