"""Which network addresses a picture may be fetched from: public ones, and no others.

A letter that could have us ask a private address would look into the network that we
stand in. Pure: names are resolved elsewhere.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

# Everything in the special-purpose registries of IANA (RFC 6890) that is not plain
# public unicast; written out, since `is_global` has changed between Pythons.
_NOT_PUBLIC_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # Carrier-grade NAT, RFC 6598.
            "127.0.0.0/8",
            "169.254.0.0/16",  # Link-local; clouds tell their secrets here.
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays, RFC 7526.
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # Multicast, reserved, broadcast.
        ),
    )
)
# Only global unicast is routed. What lies outside of it (loopback, link-local, unique
# local, multicast, IPv4-mapped, NAT64) need not be listed.
_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo and other protocols, RFC 2928.
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries any IPv4 address inside.
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


def is_public(address: str) -> bool:
    """Whether this IP address is that of a server on the public Internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    match parsed:
        case IPv4Address():
            return not any(parsed in network for network in _NOT_PUBLIC_V4)
        case IPv6Address():
            return (
                parsed.scope_id is None
                and parsed in _UNICAST_V6
                and not any(parsed in network for network in _NOT_PUBLIC_V6)
            )
