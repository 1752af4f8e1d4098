"""fuchsia.posix.socket.raw: raw network sockets."""

from __future__ import annotations

from typing import Annotated

from zxio_py.fidl.library.common import ERRNO_ERROR, BoolValue, Empty
from zxio_py.fidl.library.net import SocketAddress
from zxio_py.fidl.library.socket import (
    BASE_NETWORK_SOCKET,
    EventDescription,
    SocketResponse,
    SynchronousDatagramSocketRecvMsgRequest,
)
from zxio_py.fidl.library.socket_types import (
    DomainValue,
    NetworkSocketRecvControlData,
    NetworkSocketSendControlData,
    SendFlags,
)
from zxio_py.fidl.protocol import Protocol, two_way
from zxio_py.fidl.types import UINT8, UINT32, Array, Vector
from zxio_py.fidl.values import Int32, Struct, Uint8, Uint32, Union


class ProtocolAssociation(Union, strict=True):
    """The protocol whose packets a socket gets; without one it only sends."""

    unassociated: Annotated[Empty | None, 1] = None
    associated: Annotated[Uint8 | None, 2] = None


class DomainAndProtocol(Struct):
    """What a raw socket is made for."""

    domain: DomainValue
    proto: ProtocolAssociation


class SocketRecvMsgResponse(Struct):
    """A packet, and how many bytes of it were cut off."""

    addr: SocketAddress | None
    data: Annotated[bytes, Vector(UINT8)]
    control: NetworkSocketRecvControlData
    truncated: Uint32


class SocketSendMsgRequest(Struct):
    """A packet, for the connected address if none is given."""

    addr: SocketAddress | None
    data: Annotated[bytes, Vector(UINT8)]
    control: NetworkSocketSendControlData
    flags: SendFlags


class Icmpv6Filter(Struct):
    """A bit per type of ICMPv6 that is not wanted."""

    blocked_types: Annotated[list[int], Array(UINT32, 8)]


class FilterValue(Struct):
    """A filter."""

    filter: Icmpv6Filter


class Ipv6ChecksumConfiguration(Union, strict=True):
    """Where in a payload the checksum is that the server calculates, if it does."""

    disabled: Annotated[Empty | None, 1] = None
    offset: Annotated[Int32 | None, 2] = None


class ChecksumValue(Struct):
    """A configuration."""

    config: Ipv6ChecksumConfiguration


SOCKET = Protocol(
    "fuchsia.posix.socket.raw/Socket",
    two_way("Describe", None, EventDescription),
    two_way(
        "RecvMsg",
        SynchronousDatagramSocketRecvMsgRequest,
        SocketRecvMsgResponse,
        error=ERRNO_ERROR,
    ),
    two_way("SendMsg", SocketSendMsgRequest, error=ERRNO_ERROR),
    two_way("GetInfo", None, DomainAndProtocol, error=ERRNO_ERROR),
    two_way("SetIpHeaderIncluded", BoolValue, error=ERRNO_ERROR),
    two_way("GetIpHeaderIncluded", None, BoolValue, error=ERRNO_ERROR),
    two_way("SetIcmpv6Filter", FilterValue, error=ERRNO_ERROR),
    two_way("GetIcmpv6Filter", None, FilterValue, error=ERRNO_ERROR),
    two_way("SetIpv6Checksum", ChecksumValue, error=ERRNO_ERROR),
    two_way("GetIpv6Checksum", None, ChecksumValue, error=ERRNO_ERROR),
    compose=(BASE_NETWORK_SOCKET,),
)

PROVIDER = Protocol(
    "fuchsia.posix.socket.raw/Provider",
    two_way("Socket", DomainAndProtocol, SocketResponse, error=ERRNO_ERROR),
)
