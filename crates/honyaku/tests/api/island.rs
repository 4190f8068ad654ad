//! A network namespace with two links to ours: one for the database, which can be cut, and one
//! for clients.

use std::process::Command;

pub struct Island {
    pub name: String,
    number: u32,
}

impl Island {
    /// None where namespaces are not allowed.
    pub fn new() -> Option<Self> {
        let number = std::process::id();
        let island = Self { name: format!("hy{number}"), number };
        if !ip(&["netns", "add", &island.name]) {
            return None;
        }
        for link in ["d", "c"] {
            let (here, there) = (format!("hy{link}{number}"), format!("hx{link}{number}"));
            assert!(ip(&[
                "link",
                "add",
                &here,
                "type",
                "veth",
                "peer",
                "name",
                &there,
                "netns",
                &island.name
            ]));
            assert!(ip(&["address", "add", &format!("{}/30", island.here(link)), "dev", &here]));
            assert!(ip(&["link", "set", &here, "up"]));
            let inside = ["-n", &island.name];
            let address = format!("{}/30", island.there(link));
            assert!(ip(&[&inside[..], &["address", "add", &address, "dev", &there]].concat()));
            assert!(ip(&[&inside[..], &["link", "set", &there, "up"]].concat()));
        }
        Some(island)
    }

    /// Our address on a link: `d` to the database, `c` to clients.
    pub fn here(&self, link: &str) -> String {
        self.address(link, 1)
    }

    /// The island's address on a link.
    pub fn there(&self, link: &str) -> String {
        self.address(link, 2)
    }

    fn address(&self, link: &str, host: u32) -> String {
        let net = u32::from(link == "c") * 4;
        format!("10.{}.{}.{}", 128 + self.number % 100, self.number / 100 % 256, net + host)
    }

    /// Cuts the way to the database (`down`), or mends it (`up`). Nobody is told: packets vanish.
    pub fn link(&self, state: &str) {
        assert!(ip(&["link", "set", &format!("hyd{}", self.number), state]));
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.name]);
    }
}

fn ip(words: &[&str]) -> bool {
    Command::new("ip").args(words).status().is_ok_and(|status| status.success())
}
