// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice Where a node listens: an IPv6 address of 16 bytes (an IPv4 one in its mapped form,
///         `::ffff:a.b.c.d`), then a TCP port of 2 bytes, both in network byte order.
type Endpoint is bytes18;

using EndpointLibrary for Endpoint global;

/// @title EndpointLibrary
/// @notice Reads the parts of an `Endpoint`.
library EndpointLibrary {
    /// @notice Joins an address and a port.
    /// @param ip_ The IPv6 or IPv4-mapped IPv6 address.
    /// @param port_ The TCP port.
    function from(bytes16 ip_, uint16 port_) internal pure returns (Endpoint) {
        return Endpoint.wrap(bytes18(ip_) | bytes18(uint144(port_)));
    }

    /// @notice The IPv6 or IPv4-mapped IPv6 address.
    function ip(Endpoint self) internal pure returns (bytes16) {
        return bytes16(Endpoint.unwrap(self));
    }

    /// @notice The TCP port.
    function port(Endpoint self) internal pure returns (uint16) {
        // The cast keeps the last two bytes, which is the port.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(uint144(Endpoint.unwrap(self)));
    }
}
