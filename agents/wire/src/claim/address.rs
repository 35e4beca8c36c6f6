//! Which addresses a node may claim to listen at.
//!
//! A relay connects to wherever a record points, so a record that points into
//! the relay's own network would make it knock on doors there.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Where nodes may listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndpointPolicy {
    /// Only addresses that the whole internet can reach.
    #[default]
    Public,
    /// Also loopback and private addresses: for development, and tests.
    Development,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedRange {
    /// Port 0.
    NoPort,
    /// `0.0.0.0/8` or `::`.
    Unspecified,
    /// One's own machine.
    Loopback,
    /// Private, shared or link-local: one's own network.
    Private,
    /// Multicast or broadcast.
    Multicast,
    /// For documents, benchmarks, translation or the future.
    Reserved,
}

impl fmt::Display for RefusedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPort => "no port",
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// What a node without an address of its own registers: the contract wants an endpoint, and nobody can connect to this.
/// Only nodes may say so that nobody needs to reach: those that are neither relay, agent, archive node nor compute.
pub const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 1);

impl EndpointPolicy {
    /// Whether a node may listen there.
    ///
    /// # Errors
    /// The range that it may not be in.
    pub fn check(self, address: SocketAddr) -> Result<(), RefusedRange> {
        use RefusedRange::{Multicast, NoPort, Unspecified};
        if address.port() == 0 {
            return Err(NoPort);
        }
        let refused = match address.ip().to_canonical() {
            IpAddr::V4(ip) => refused_v4(ip),
            IpAddr::V6(ip) => refused_v6(ip),
        };
        match (self, refused) {
            (_, None) => Ok(()),
            // Nobody can connect to these, wherever they are.
            (_, Some(range @ (Multicast | Unspecified))) => Err(range),
            (Self::Public, Some(range)) => Err(range),
            (Self::Development, Some(_)) => Ok(()),
        }
    }
}

/// The special-purpose IPv4 blocks of IANA's registry (RFC 6890).
fn refused_v4(ip: Ipv4Addr) -> Option<RefusedRange> {
    use RefusedRange::{Loopback, Multicast, Private, Reserved, Unspecified};
    match ip.octets() {
        [0, ..] => Some(Unspecified),
        [127, ..] => Some(Loopback),
        [10, ..] | [192, 168, ..] | [169, 254, ..] => Some(Private),
        [172, 16..=31, ..] | [100, 64..=127, ..] => Some(Private),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Some(Reserved),
        [198, 51, 100, _] | [203, 0, 113, _] => Some(Reserved),
        [224..=239, ..] | [255, 255, 255, 255] => Some(Multicast),
        [240..=255, ..] => Some(Reserved),
        _ => None,
    }
}

/// Global unicast is `2000::/3`, less the blocks that documents, tunnels and
/// translators have: those carry IPv4 addresses of any range inside.
fn refused_v6(ip: Ipv6Addr) -> Option<RefusedRange> {
    use RefusedRange::{Loopback, Multicast, Private, Reserved, Unspecified};
    if ip.is_unspecified() {
        return Some(Unspecified);
    }
    if ip.is_loopback() {
        return Some(Loopback);
    }
    match ip.segments() {
        [0xff00..=0xffff, ..] => Some(Multicast),
        [0xfc00..=0xfdff | 0xfe80..=0xfeff, ..] => Some(Private),
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] => Some(Reserved),
        [0x2002, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Some(Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Reserved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: EndpointPolicy, text: &str) -> Result<(), RefusedRange> {
        policy.check(text.parse().unwrap())
    }

    #[test]
    fn the_internet_is_welcome() {
        for text in ["8.8.8.8:80", "100.63.0.1:1", "172.32.0.1:1", "[2606:4700::1]:443"] {
            assert_eq!(check(EndpointPolicy::Public, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_private_range_is_refused_outside_of_development() {
        use RefusedRange::{Loopback, Private, Reserved};
        for (text, range) in [
            ("127.0.0.1:80", Loopback),
            ("127.255.255.254:80", Loopback),
            ("[::1]:80", Loopback),
            ("[::ffff:127.0.0.1]:80", Loopback),
            ("10.1.2.3:80", Private),
            ("172.16.0.1:80", Private),
            ("172.31.255.255:80", Private),
            ("192.168.1.1:80", Private),
            ("169.254.169.254:80", Private),
            ("100.64.0.1:80", Private),
            ("[fd00::1]:80", Private),
            ("[fe80::1]:80", Private),
            ("[::ffff:10.0.0.1]:80", Private),
            ("192.0.2.1:80", Reserved),
            ("198.18.0.1:80", Reserved),
            ("240.0.0.1:80", Reserved),
            ("[2001:db8::1]:80", Reserved),
            ("[2002:7f00:1::]:80", Reserved),
            ("[64:ff9b::7f00:1]:80", Reserved),
            ("[2001::1]:80", Reserved),
            ("[::7f00:1]:80", Reserved),
        ] {
            assert_eq!(check(EndpointPolicy::Public, text), Err(range), "{text}");
            assert_eq!(check(EndpointPolicy::Development, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn nowhere_is_refused_everywhere() {
        use RefusedRange::{Multicast, NoPort, Unspecified};
        for (text, range) in [
            ("8.8.8.8:0", NoPort),
            ("0.0.0.0:80", Unspecified),
            ("0.1.2.3:80", Unspecified),
            ("[::]:80", Unspecified),
            ("224.0.0.1:80", Multicast),
            ("255.255.255.255:80", Multicast),
            ("[ff02::1]:80", Multicast),
        ] {
            for policy in [EndpointPolicy::Public, EndpointPolicy::Development] {
                assert_eq!(check(policy, text), Err(range), "{text}");
            }
        }
    }
}
