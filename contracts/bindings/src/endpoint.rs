//! The contracts' `Endpoint`: 16 bytes of IPv6 address (IPv4 in its mapped form), then 2 bytes of port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use alloy::primitives::FixedBytes;

/// An endpoint as the contracts hold it.
pub type Endpoint = FixedBytes<18>;

/// The contracts' form of a socket address. An IPv6 flow label or scope has no place in it and is dropped.
#[must_use]
pub fn encode(address: SocketAddr) -> Endpoint {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut endpoint = Endpoint::ZERO;
    let (head, tail) = endpoint.split_at_mut(16);
    head.copy_from_slice(&ip.octets());
    tail.copy_from_slice(&address.port().to_be_bytes());
    endpoint
}

/// The socket address of an endpoint; an IPv4-mapped one comes back as IPv4. Says nothing about whether the
/// address is one that a node may have: readers refuse private ranges themselves.
#[must_use]
pub fn decode(endpoint: Endpoint) -> SocketAddr {
    let FixedBytes([ip @ .., high, low]) = endpoint;
    let ip: [u8; 16] = ip;
    SocketAddr::new(Ipv6Addr::from(ip).to_canonical(), u16::from_be_bytes([high, low]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["192.0.2.7:80", "[2001:db8::1]:65535", "[::1]:1", "0.0.0.0:0"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(decode(encode(address)), address);
        }
    }

    #[test]
    fn is_address_then_port_in_network_byte_order() {
        assert_eq!(
            encode("192.0.2.7:4660".parse().unwrap()).to_string(),
            "0x00000000000000000000ffffc00002071234"
        );
    }
}
