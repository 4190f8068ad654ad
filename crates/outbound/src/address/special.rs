//! The special ranges of IPv4 and IPv6, after IANA's two registries.
//!
//! IPv4 is open except for the ranges listed. IPv6 is the other way round: only
//! 2000::/3 is handed out at all, so what lies outside is refused even if no row
//! names it, and the rows inside it are the exceptions. In both tables the first
//! row that holds an address decides.
//!
//! An IPv6 address that carries an IPv4 address is refused whatever it carries,
//! because the routers on the way, not we, decide where it ends. The one
//! exception is the well-known NAT64 prefix: on an IPv6-only host with DNS64
//! every IPv4-only receiver appears under it, so there the carried address decides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    Loopback,
    Private,
    UniqueLocal,
    Other(&'static str),
}

impl Special {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Special::Loopback => "loopback",
            Special::Private => "private network",
            Special::UniqueLocal => "unique-local (private) network",
            Special::Other(reason) => reason,
        }
    }
}

/// Why no callback may go to this address, or `None` for an ordinary public one.
///
/// ```
/// use outbound::address::is_forbidden;
/// assert_eq!(is_forbidden([10, 0, 0, 5].into()), Some("private network"));
/// assert_eq!(is_forbidden([8, 8, 8, 8].into()), None);
/// ```
pub fn is_forbidden(address: IpAddr) -> Option<&'static str> {
    classify(address).map(Special::reason)
}

pub(super) fn classify(address: IpAddr) -> Option<Special> {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

/// A row: the addresses whose first `prefix_bits` bits are those of `network`.
struct Range<Address> {
    network: Address,
    prefix_bits: u32,
    special: Special,
}

const fn v4(network: [u8; 4], prefix_bits: u32, special: Special) -> Range<Ipv4Addr> {
    let [a, b, c, d] = network;
    Range { network: Ipv4Addr::new(a, b, c, d), prefix_bits, special }
}

const fn v6(network: [u16; 8], prefix_bits: u32, special: Special) -> Range<Ipv6Addr> {
    let [a, b, c, d, e, f, g, h] = network;
    Range { network: Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_bits, special }
}

use Special::{Loopback, Other, Private, UniqueLocal};

const V4: &[Range<Ipv4Addr>] = &[
    v4([0, 0, 0, 0], 32, Other("unspecified")),
    v4([0, 0, 0, 0], 8, Other("this network")),
    v4([10, 0, 0, 0], 8, Private),
    v4([100, 64, 0, 0], 10, Other("carrier-grade NAT")),
    v4([127, 0, 0, 0], 8, Loopback),
    // A public address by the registry; in one big cloud it is the host that hands out configuration.
    v4([168, 63, 129, 16], 32, Other("cloud host service")),
    v4([169, 254, 0, 0], 16, Other("link-local")),
    v4([172, 16, 0, 0], 12, Private),
    v4([192, 0, 0, 0], 24, Other("protocol assignments")),
    v4([192, 0, 2, 0], 24, Other("documentation")),
    v4([192, 88, 99, 0], 24, Other("6to4 relay")),
    v4([192, 168, 0, 0], 16, Private),
    v4([198, 18, 0, 0], 15, Other("benchmarking")),
    v4([198, 51, 100, 0], 24, Other("documentation")),
    v4([203, 0, 113, 0], 24, Other("documentation")),
    v4([224, 0, 0, 0], 4, Other("multicast")),
    v4([255, 255, 255, 255], 32, Other("broadcast")),
    v4([240, 0, 0, 0], 4, Other("reserved")),
];

const V6: &[Range<Ipv6Addr>] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, Other("unspecified")),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, Loopback),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, Other("IPv4-mapped")),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, Other("IPv4-compatible")),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, Other("IPv4-translated")),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Other("local NAT64")),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, Other("discard-only")),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Other("Teredo")),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, Other("benchmarking")),
    v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, Other("ORCHID")),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, Other("ORCHID")),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Other("protocol assignments")),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Other("documentation")),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Other("6to4")),
    v6([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, Other("former 6bone")),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Other("documentation")),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, Other("segment routing")),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, UniqueLocal),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Other("link-local")),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Other("site-local")),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Other("multicast")),
];

/// The well-known NAT64 prefix: the last 32 bits are the IPv4 address meant.
const NAT64: Range<Ipv6Addr> =
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Other("NAT64 of a forbidden address"));

/// All that is handed out of IPv6 today.
const GLOBAL_UNICAST: Range<Ipv6Addr> = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, Other("outside global unicast"));

fn classify_v4(address: Ipv4Addr) -> Option<Special> {
    V4.iter().find(|range| range.holds_v4(address)).map(|range| range.special)
}

fn classify_v6(address: Ipv6Addr) -> Option<Special> {
    if NAT64.holds_v6(address) {
        let [.., a, b, c, d] = address.octets();
        return classify_v4(Ipv4Addr::new(a, b, c, d)).map(|_| NAT64.special);
    }
    if let Some(range) = V6.iter().find(|range| range.holds_v6(address)) {
        return Some(range.special);
    }
    (!GLOBAL_UNICAST.holds_v6(address)).then_some(GLOBAL_UNICAST.special)
}

impl Range<Ipv4Addr> {
    fn holds_v4(&self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.network.to_bits()).leading_zeros() >= self.prefix_bits
    }
}

impl Range<Ipv6Addr> {
    fn holds_v6(&self, address: Ipv6Addr) -> bool {
        (address.to_bits() ^ self.network.to_bits()).leading_zeros() >= self.prefix_bits
    }
}
