use std::net::IpAddr;

use url::Url;

use super::{Policy, Refused, check_literal_host, is_forbidden};

const STRICT: Policy = Policy { allow_loopback: false, allow_private: false, allow_low_ports: false };

/// First and last address of each range, and the reason that both must give.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("0.0.0.0", "0.0.0.0", "unspecified"),
    ("0.0.0.1", "0.255.255.255", "this network"),
    ("10.0.0.0", "10.255.255.255", "private network"),
    ("100.64.0.0", "100.127.255.255", "carrier-grade NAT"),
    ("127.0.0.0", "127.255.255.255", "loopback"),
    ("168.63.129.16", "168.63.129.16", "cloud host service"),
    ("169.254.0.0", "169.254.255.255", "link-local"),
    ("172.16.0.0", "172.31.255.255", "private network"),
    ("192.0.0.0", "192.0.0.255", "protocol assignments"),
    ("192.0.2.0", "192.0.2.255", "documentation"),
    ("192.88.99.0", "192.88.99.255", "6to4 relay"),
    ("192.168.0.0", "192.168.255.255", "private network"),
    ("198.18.0.0", "198.19.255.255", "benchmarking"),
    ("198.51.100.0", "198.51.100.255", "documentation"),
    ("203.0.113.0", "203.0.113.255", "documentation"),
    ("224.0.0.0", "239.255.255.255", "multicast"),
    ("240.0.0.0", "255.255.255.254", "reserved"),
    ("255.255.255.255", "255.255.255.255", "broadcast"),
    ("::", "::", "unspecified"),
    ("::1", "::1", "loopback"),
    ("::2", "::255.255.255.255", "IPv4-compatible"),
    ("::ffff:0.0.0.0", "::ffff:255.255.255.255", "IPv4-mapped"),
    ("::ffff:0:0.0.0.0", "::ffff:0:255.255.255.255", "IPv4-translated"),
    ("64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "NAT64 of a forbidden address"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local NAT64"),
    ("100::", "100::ffff:ffff:ffff:ffff", "discard-only"),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"),
    ("2001:1::", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignments"),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking"),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID"),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID"),
    ("2001:30::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignments"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
    ("3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "former 6bone"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment routing"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique-local (private) network"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "outside global unicast"),
    ("400::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
    ("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
    ("5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
    ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside global unicast"),
];

/// Public addresses, most of them the neighbours of the ranges above.
const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "64:ff9b::8.8.8.8",
    "2000::",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2003::",
    "2606:4700:4700::1111",
    "2a00:1450:4001::8",
    "3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff:1000::",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text} is no address"))
}

#[test]
fn both_ends_of_every_special_range_are_forbidden() {
    for (first, last, reason) in FORBIDDEN {
        assert_eq!(is_forbidden(ip(first)), Some(*reason), "{first}");
        assert_eq!(is_forbidden(ip(last)), Some(*reason), "{last}");
    }
}

#[test]
fn public_addresses_and_the_neighbours_of_special_ranges_are_free() {
    for address in PUBLIC {
        assert_eq!(is_forbidden(ip(address)), None, "{address}");
    }
}

#[test]
fn what_the_standard_library_knows_to_be_special_is_forbidden() {
    // An oracle that was not written by us, over a grid of all first two bytes.
    for high in 0..=u16::MAX {
        let [a, b] = high.to_be_bytes();
        for (c, d) in [(0, 0), (0, 1), (2, 1), (100, 7), (113, 9), (255, 255)] {
            let address = std::net::Ipv4Addr::new(a, b, c, d);
            let special = address.is_unspecified()
                || address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation();
            assert!(!special || is_forbidden(address.into()).is_some(), "{address}");
        }
    }
}

fn refusal(url: &str, policy: &Policy) -> Option<Refused> {
    let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    check_literal_host(&url, policy).err()
}

#[test]
fn loopback_is_seen_in_every_spelling() {
    let spellings = [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0177.0.0.0x1/",
        "http://%31%32%37.0.0.1/",
        "http://127。0。0。1/",
        "http://①②⑦.⓪.⓪.①/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "http://localhost/",
        "http://LocalHost./",
        "http://a.b.localhost/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
    ];
    for url in spellings {
        let refused = refusal(url, &STRICT);
        assert!(
            matches!(refused, Some(Refused::Address { reason: "loopback", .. })),
            "{url} gave {refused:?}"
        );
    }
}

#[test]
fn other_special_literals_are_refused_whatever_their_spelling() {
    let cases = [
        ("http://0/", "unspecified"),
        ("http://10.1/", "private network"),
        ("http://0xa9fea9fe/latest/meta-data", "link-local"),
        ("http://169.254.169.254/", "link-local"),
        ("http://[::ffff:127.0.0.1]/", "IPv4-mapped"),
        ("http://[::ffff:7f00:1]/", "IPv4-mapped"),
        ("http://[::127.0.0.1]/", "IPv4-compatible"),
        ("http://[64:ff9b::7f00:1]/", "NAT64 of a forbidden address"),
        ("http://[2002:7f00:1::]/", "6to4"),
        ("http://[fd00::1]/", "unique-local (private) network"),
        ("http://[fe80::1]/", "link-local"),
    ];
    for (url, expected) in cases {
        match refusal(url, &STRICT) {
            Some(Refused::Address { reason, .. }) => assert_eq!(reason, expected, "{url}"),
            other => panic!("{url} gave {other:?}"),
        }
    }
}

#[test]
fn ordinary_targets_pass() {
    let targets = [
        "http://example.com/",
        "https://example.com:8443/hook?a=b",
        "http://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "http://localhost.example.com/",
        "http://notlocalhost/",
        "http://127.0.0.1.example.com/",
    ];
    for url in targets {
        assert_eq!(refusal(url, &STRICT), None, "{url}");
    }
}

#[test]
fn a_policy_opens_only_what_it_names() {
    let loopback = Policy { allow_loopback: true, ..STRICT };
    let private = Policy { allow_private: true, ..STRICT };
    let cases = [
        ("http://127.0.0.1:8080/", true, false),
        ("http://[::1]:8080/", true, false),
        ("http://localhost:8080/", true, false),
        ("http://192.168.1.5:8080/", false, true),
        ("http://[fd12::1]:8080/", false, true),
        // Nothing opens these: credentials of clouds, other people's networks, disguises.
        ("http://169.254.169.254/", false, false),
        ("http://100.64.0.1/", false, false),
        ("http://0.0.0.0/", false, false),
        ("http://[::ffff:127.0.0.1]/", false, false),
        ("http://[::ffff:192.168.1.5]/", false, false),
    ];
    for (url, with_loopback, with_private) in cases {
        assert_eq!(refusal(url, &loopback).is_none(), with_loopback, "{url} with loopback");
        assert_eq!(refusal(url, &private).is_none(), with_private, "{url} with private");
    }
}

#[test]
fn ports_of_system_services_are_refused_unless_allowed() {
    let low_ports = Policy { allow_low_ports: true, ..STRICT };
    let cases = [
        ("http://example.com:0/", false, false),
        ("http://example.com:1/", false, true),
        ("http://example.com:25/", false, true),
        ("https://example.com:80/", true, true),
        ("http://example.com:443/", true, true),
        ("http://example.com:1023/", false, true),
        ("http://example.com:1024/", true, true),
        ("http://example.com:65535/", true, true),
    ];
    for (url, strict, allowed) in cases {
        assert_eq!(refusal(url, &STRICT).is_none(), strict, "{url}");
        assert_eq!(refusal(url, &low_ports).is_none(), allowed, "{url} with low ports");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let cases = [
        ("ftp://example.com/", "the URL must begin with http:// or https://, not ftp:"),
        ("mailto:a@example.com", "the URL must begin with http:// or https://, not mailto:"),
        ("https://user@example.com/", "the URL must not hold a user name or password"),
        ("https://:word@example.com/", "the URL must not hold a user name or password"),
        ("http://example.com:22/", "port 22 is not allowed: use 80, 443 or a port from 1024 up"),
        ("http://2130706433/", "127.0.0.1 is not a public address (loopback)"),
        ("http://[fe80::1]/", "[fe80::1] is not a public address (link-local)"),
    ];
    for (url, text) in cases {
        assert_eq!(refusal(url, &STRICT).map(|refused| refused.to_string()).as_deref(), Some(text), "{url}");
    }
}
