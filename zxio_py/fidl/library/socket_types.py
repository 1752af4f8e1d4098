"""fuchsia.posix.socket: constants and types."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Annotated, Final, TypeAlias

from zxio_py import abi
from zxio_py.fidl.library.common import Empty
from zxio_py.fidl.library.net import (
    InterfaceId,
    InterfaceName,
    Ipv4Address,
    Ipv6Address,
    SocketAddress,
    Subnet,
)
from zxio_py.fidl.types import INT16, UINT16, Bits, Enum, Handle, Vector
from zxio_py.fidl.values import Bool, Int64, Struct, Table, Uint8, Uint16, Uint32, Uint64, Union

#: Signals of datagram and stream sockets' events.
SIGNAL_DATAGRAM_INCOMING: Final = abi.ZX_USER_SIGNAL_0
SIGNAL_DATAGRAM_OUTGOING: Final = abi.ZX_USER_SIGNAL_1
SIGNAL_DATAGRAM_ERROR: Final = abi.ZX_USER_SIGNAL_2
SIGNAL_DATAGRAM_SHUTDOWN_READ: Final = abi.ZX_USER_SIGNAL_4
SIGNAL_DATAGRAM_SHUTDOWN_WRITE: Final = abi.ZX_USER_SIGNAL_5
SIGNAL_STREAM_INCOMING: Final = abi.ZX_USER_SIGNAL_0
SIGNAL_STREAM_CONNECTED: Final = abi.ZX_USER_SIGNAL_3

#: Most eventpairs that say whether a route still holds.
FAST_UDP_WAIT_MANY_MAXIMUM_ITEMS: Final = 63


class Domain(IntEnum):
    """Version of the Internet Protocol."""

    IPV4 = 0
    IPV6 = 1


class DatagramSocketProtocol(IntEnum):
    """What a datagram socket speaks."""

    UDP = 1
    ICMP_ECHO = 2


class StreamSocketProtocol(IntEnum):
    """What a stream socket speaks."""

    TCP = 0


class ShutdownMode(IntFlag):
    """Which directions are shut down."""

    READ = 1
    WRITE = 2


class TimestampOption(IntEnum):
    """How exactly the time of arrival is told."""

    DISABLED = 0
    NANOSECOND = 1
    MICROSECOND = 2


class RecvMsgFlags(IntFlag):
    """How to receive."""

    PEEK = 2


class SendMsgFlags(IntFlag):
    """How to send; there is nothing yet."""

    RESERVED = 0x8000


class CmsgRequests(IntFlag):
    """Which control messages are wanted."""

    IP_TOS = 0x1
    IP_TTL = 0x2
    IPV6_TCLASS = 0x4
    IPV6_HOPLIMIT = 0x8
    IPV6_PKTINFO = 0x10


class TcpCongestionControl(IntEnum):
    """Ways of congestion control."""

    RENO = 1
    CUBIC = 2


class TcpState(IntEnum):
    """States of a connection, in Linux's order."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11


class TcpCongestionControlState(IntEnum):
    """States of congestion control."""

    OPEN = 0
    DISORDER = 1
    CONGESTION_WINDOW_REDUCED = 2
    RECOVERY = 3
    LOSS = 4


# Annotations -----------------------------------------------------------------------------------

DomainValue: TypeAlias = Annotated[int, Enum.of(Domain, INT16, strict=True)]
DatagramProtocol: TypeAlias = Annotated[int, Enum.of(DatagramSocketProtocol, strict=True)]
StreamProtocol: TypeAlias = Annotated[int, Enum.of(StreamSocketProtocol, strict=True)]
Timestamp: TypeAlias = Annotated[int, Enum.of(TimestampOption, strict=True)]
RecvFlags: TypeAlias = Annotated[int, Bits.of(RecvMsgFlags, UINT16, strict=True)]
SendFlags: TypeAlias = Annotated[int, Bits.of(SendMsgFlags, UINT16, strict=True)]
#: Every bit of ifreq's flags has a name.
InterfaceFlags: TypeAlias = Annotated[int, Bits("InterfaceFlags", UINT16, 0xFFFF, strict=True)]

#: An eventpair that says, as long as its peer is open, that what came with it still holds.
VALIDITY: Final = Handle(abi.ZX_OBJ_TYPE_EVENTPAIR, abi.ZX_RIGHTS_BASIC)


# Values ----------------------------------------------------------------------------------------


class OptionalUint8(Union, strict=True):
    """A small number, or the default."""

    value: Annotated[Uint8 | None, 1] = None
    unset: Annotated[Empty | None, 2] = None


class OptionalUint32(Union, strict=True):
    """A number, or the default."""

    value: Annotated[Uint32 | None, 1] = None
    unset: Annotated[Empty | None, 2] = None


class IpMulticastMembership(Struct):
    """A group, and the interface to join it on."""

    iface: InterfaceId
    local_addr: Ipv4Address
    mcast_addr: Ipv4Address


class Ipv6MulticastMembership(Struct):
    """The same for version 6."""

    iface: InterfaceId
    mcast_addr: Ipv6Address


class TcpInfo(Table):
    """State of a connection; ordinals leave room for the rest of Linux's tcp_info."""

    state: Annotated[int | None, 1, Enum.of(TcpState, strict=True)] = None
    ca_state: Annotated[int | None, 2, Enum.of(TcpCongestionControlState, strict=True)] = None
    rto_usec: Annotated[Uint32 | None, 11] = None
    rtt_usec: Annotated[Uint32 | None, 26] = None
    rtt_var_usec: Annotated[Uint32 | None, 27] = None
    snd_ssthresh: Annotated[Uint32 | None, 28] = None
    snd_cwnd: Annotated[Uint32 | None, 29] = None
    reorder_seen: Annotated[Bool | None, 54] = None


class InterfaceAddresses(Table):
    """An interface and its addresses."""

    id: Annotated[Uint64 | None, 1] = None
    name: Annotated[InterfaceName | None, 2] = None
    addresses: Annotated[list[Subnet] | None, 4, Vector(Subnet.fidl)] = None
    interface_flags: Annotated[InterfaceFlags | None, 5] = None


# Control data ----------------------------------------------------------------------------------


class TimestampData(Struct):
    """When a packet came, nanoseconds since 1970."""

    nanoseconds: Int64
    requested: Timestamp


class SocketRecvControlData(Table):
    """Control messages of SOL_SOCKET."""

    timestamp: Annotated[TimestampData | None, 3] = None


class IpRecvControlData(Table):
    """Control messages of SOL_IP."""

    tos: Annotated[Uint8 | None, 1] = None
    ttl: Annotated[Uint8 | None, 2] = None


class Ipv6PktInfoRecvControlData(Struct):
    """Where a packet came in, and for whom."""

    iface: InterfaceId
    header_destination_addr: Ipv6Address


class Ipv6RecvControlData(Table):
    """Control messages of SOL_IPV6."""

    tclass: Annotated[Uint8 | None, 1] = None
    hoplimit: Annotated[Uint8 | None, 2] = None
    pktinfo: Annotated[Ipv6PktInfoRecvControlData | None, 3] = None


class NetworkSocketRecvControlData(Table):
    """Control messages that come with a packet."""

    socket: Annotated[SocketRecvControlData | None, 1] = None
    ip: Annotated[IpRecvControlData | None, 2] = None
    ipv6: Annotated[Ipv6RecvControlData | None, 3] = None


class SocketSendControlData(Table):
    """Nothing yet."""


class IpSendControlData(Table):
    """Control messages of SOL_IP."""

    ttl: Annotated[Uint8 | None, 2] = None


class Ipv6PktInfoSendControlData(Struct):
    """Where a packet shall go out, and from whom."""

    iface: Uint64
    local_addr: Ipv6Address


class Ipv6SendControlData(Table):
    """Control messages of SOL_IPV6."""

    hoplimit: Annotated[Uint8 | None, 2] = None
    pktinfo: Annotated[Ipv6PktInfoSendControlData | None, 3] = None


class NetworkSocketSendControlData(Table):
    """Control messages to go with a packet."""

    socket: Annotated[SocketSendControlData | None, 1] = None
    ip: Annotated[IpSendControlData | None, 2] = None
    ipv6: Annotated[Ipv6SendControlData | None, 3] = None


class DatagramSocketRecvControlData(Table):
    """Control messages that come with a datagram."""

    network: Annotated[NetworkSocketRecvControlData | None, 1] = None


class DatagramSocketSendControlData(Table):
    """Control messages to go with a datagram."""

    network: Annotated[NetworkSocketSendControlData | None, 1] = None


class RecvMsgMeta(Table):
    """What precedes a datagram on its kernel socket."""

    from_: Annotated[SocketAddress | None, 1] = None
    control: Annotated[DatagramSocketRecvControlData | None, 2] = None
    payload_len: Annotated[Uint16 | None, 3] = None


class SendMsgMeta(Table):
    """The same in the other direction."""

    to: Annotated[SocketAddress | None, 1] = None
    control: Annotated[DatagramSocketSendControlData | None, 2] = None
