"""fuchsia.net: addresses, as far as sockets need them; numbers in network byte order are bytes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from zxio_py.fidl.types import UINT8, Array, Text
from zxio_py.fidl.values import Struct, Uint8, Uint16, Uint64, Union

#: An interface's name.
InterfaceName: TypeAlias = Annotated[str, Text(15)]
#: An interface's number; 0 is none.
InterfaceId: TypeAlias = Uint64


class Ipv4Address(Struct):
    """127.0.0.1 is ``bytes((127, 0, 0, 1))``."""

    addr: Annotated[bytes, Array(UINT8, 4)]


class Ipv6Address(Struct):
    """Sixteen bytes."""

    addr: Annotated[bytes, Array(UINT8, 16)]


class MacAddress(Struct):
    """Six bytes."""

    octets: Annotated[bytes, Array(UINT8, 6)]


class IpAddress(Union, strict=True):
    """An address of either version."""

    ipv4: Annotated[Ipv4Address | None, 1] = None
    ipv6: Annotated[Ipv6Address | None, 2] = None


class Subnet(Struct):
    """An address and how many of its bits are the network's."""

    addr: IpAddress
    prefix_len: Uint8


class Ipv4SocketAddress(Struct):
    """An address and a port."""

    address: Ipv4Address
    port: Uint16


class Ipv6SocketAddress(Struct):
    """An address, a port, and for link-local addresses the interface."""

    address: Ipv6Address
    port: Uint16
    zone_index: Uint64


class SocketAddress(Union, strict=True):
    """Where a socket is."""

    ipv4: Annotated[Ipv4SocketAddress | None, 1] = None
    ipv6: Annotated[Ipv6SocketAddress | None, 2] = None
