"""Options of sockets: for most a method that sets and one that gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from zxio_py.fidl.library.common import ERRNO_ERROR, BoolValue, Uint8Value, Uint32Value, Uint64Value
from zxio_py.fidl.library.net import InterfaceId, InterfaceName, Ipv4Address
from zxio_py.fidl.library.socket_types import (
    IpMulticastMembership,
    Ipv6MulticastMembership,
    OptionalUint8,
    OptionalUint32,
    TcpCongestionControl,
    TcpInfo,
    Timestamp,
)
from zxio_py.fidl.protocol import Method, Payload, two_way
from zxio_py.fidl.types import Enum
from zxio_py.fidl.values import Bool, Struct, Uint32, Uint64


class BufferSize(Struct):
    """Bytes."""

    value_bytes: Uint64


class SegmentSize(Struct):
    """Bytes."""

    value_bytes: Uint32


class Seconds(Struct):
    """Seconds."""

    value_secs: Uint32


class OptionalSeconds(Struct):
    """Seconds, or the default."""

    value_secs: OptionalUint32


class Milliseconds(Struct):
    """Milliseconds."""

    value_millis: Uint32


class Linger(Struct):
    """Whether closing waits for data to be sent, and how long at most."""

    linger: Bool
    length_secs: Uint32


class InterfaceNameValue(Struct):
    """An interface by name."""

    value: InterfaceName


class TimestampValue(Struct):
    """How exactly the time of arrival is told."""

    value: Timestamp


class OptionalUint8Value(Struct):
    """A small number, or the default."""

    value: OptionalUint8


class IpMulticastInterface(Struct):
    """An interface by number, or by address."""

    iface: InterfaceId
    address: Ipv4Address


class Ipv4AddressValue(Struct):
    """An address."""

    value: Ipv4Address


class IpMembership(Struct):
    """A group to join or leave."""

    membership: IpMulticastMembership


class Ipv6Membership(Struct):
    """The same for version 6."""

    membership: Ipv6MulticastMembership


class Congestion(Struct):
    """A way of congestion control."""

    value: Annotated[int, Enum.of(TcpCongestionControl, strict=True)]


class TcpInfoValue(Struct):
    """State of a connection."""

    info: TcpInfo


def _options(names: str, value: Payload, given: Payload | None = None) -> Iterator[Method]:
    """Set and Get of each option, which takes *value* and gives *given* (default: the same)."""
    for name in names.split():
        yield two_way(f"Set{name}", value, error=ERRNO_ERROR)
        yield two_way(f"Get{name}", None, given or value, error=ERRNO_ERROR)


SOCKET_OPTIONS = (
    *_options("ReuseAddress Broadcast KeepAlive OutOfBandInline NoCheck ReusePort", BoolValue),
    *_options("SendBuffer ReceiveBuffer", BufferSize),
    *_options("Linger", Linger),
    *_options("BindToDevice", InterfaceNameValue),
    *_options("Timestamp", TimestampValue),
    two_way("GetAcceptConn", None, BoolValue, error=ERRNO_ERROR),
)

IP_OPTIONS = (
    *_options("IpTypeOfService", Uint8Value),
    *_options(
        "IpTtl IpMulticastTtl Ipv6UnicastHops Ipv6MulticastHops Ipv6TrafficClass",
        OptionalUint8Value,
        Uint8Value,
    ),
    *_options(
        "IpPacketInfo IpReceiveTypeOfService IpReceiveTtl IpMulticastLoopback "
        "Ipv6ReceiveHopLimit Ipv6MulticastLoopback Ipv6Only Ipv6ReceiveTrafficClass "
        "Ipv6ReceivePacketInfo",
        BoolValue,
    ),
    *_options("IpMulticastInterface", IpMulticastInterface, Ipv4AddressValue),
    *_options("Ipv6MulticastInterface", Uint64Value),
    two_way("AddIpMembership", IpMembership, error=ERRNO_ERROR),
    two_way("DropIpMembership", IpMembership, error=ERRNO_ERROR),
    two_way("AddIpv6Membership", Ipv6Membership, error=ERRNO_ERROR),
    two_way("DropIpv6Membership", Ipv6Membership, error=ERRNO_ERROR),
)

TCP_OPTIONS = (
    *_options("TcpNoDelay TcpCork TcpQuickAck", BoolValue),
    *_options("TcpMaxSegment", SegmentSize),
    *_options("TcpKeepAliveIdle TcpKeepAliveInterval TcpDeferAccept", Seconds),
    *_options("TcpKeepAliveCount TcpSynCount TcpWindowClamp", Uint32Value),
    *_options("TcpLinger", OptionalSeconds),
    *_options("TcpCongestion", Congestion),
    *_options("TcpUserTimeout", Milliseconds),
    two_way("GetTcpInfo", None, TcpInfoValue, error=ERRNO_ERROR),
)
