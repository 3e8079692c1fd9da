//! Which addresses are of the open internet. A robot's address that leads into the own network would make a nightly job a door to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the open internet: not of this machine, this network, or of nobody.
///
/// ```
/// use ahu::deliver::address::is_public;
/// assert!(is_public("203.205.254.157".parse().unwrap()));
/// for no in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "0.0.0.0"] {
///     assert!(!is_public(no.parse().unwrap()), "{no}");
/// }
/// ```
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [first, second, third, _] = a.octets();
    let special = match (first, second, third) {
        // This network, carriers' own networks, protocols, documentation, measurements, and what is not in use.
        (0 | 240.., ..) | (100, 64..=127, _) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !(special || a.is_private() || a.is_loopback() || a.is_link_local() || a.is_multicast() || a.is_broadcast())
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let s = a.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        // An address of version 4 in another coat: mapped, compatible, translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4(high, low)),
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Teredo, documentation, discarded, and local translation.
        [0x2001, 0 | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x100, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => false,
        // Only these are given out.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}
