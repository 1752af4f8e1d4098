"""fuchsia.posix.socket: datagram and stream sockets, and who provides them."""

from __future__ import annotations

from typing import Annotated

from zxio_py.fidl.library.common import ERRNO_ERROR, STATUS_ERROR
from zxio_py.fidl.library.io_types import Eventpair, MetadataVersion, Socket
from zxio_py.fidl.library.net import InterfaceName, SocketAddress
from zxio_py.fidl.library.options import IP_OPTIONS, SOCKET_OPTIONS, TCP_OPTIONS
from zxio_py.fidl.library.socket_types import (
    FAST_UDP_WAIT_MANY_MAXIMUM_ITEMS,
    VALIDITY,
    CmsgRequests,
    DatagramProtocol,
    DatagramSocketRecvControlData,
    DatagramSocketSendControlData,
    DomainValue,
    InterfaceAddresses,
    InterfaceFlags,
    Ipv6PktInfoSendControlData,
    RecvFlags,
    SendFlags,
    ShutdownMode,
    StreamProtocol,
    Timestamp,
)
from zxio_py.fidl.library.unknown import CLONEABLE, CLOSEABLE, QUERYABLE
from zxio_py.fidl.protocol import Protocol, two_way
from zxio_py.fidl.types import UINT8, UINT16, Bits, Vector
from zxio_py.fidl.values import (
    Bool,
    Endpoint,
    Int16,
    Int64,
    Struct,
    Table,
    Uint32,
    Uint64,
    Union,
)

# Any socket ------------------------------------------------------------------------------------

BASE_SOCKET = Protocol(
    "fuchsia.posix.socket/BaseSocket",
    two_way("GetError", error=ERRNO_ERROR),
    *SOCKET_OPTIONS,
    compose=(CLONEABLE, CLOSEABLE, QUERYABLE),
)


class AddressValue(Struct):
    """An address."""

    addr: SocketAddress


class BaseNetworkSocketShutdownRequest(Struct):
    """Which directions to shut down."""

    mode: Annotated[int, Bits.of(ShutdownMode, UINT16, strict=True)]


BASE_NETWORK_SOCKET = Protocol(
    "fuchsia.posix.socket/BaseNetworkSocket",
    two_way("Bind", AddressValue, error=ERRNO_ERROR),
    two_way("Connect", AddressValue, error=ERRNO_ERROR),
    two_way("Disconnect", error=ERRNO_ERROR),
    two_way("GetSockName", None, AddressValue, error=ERRNO_ERROR),
    two_way("GetPeerName", None, AddressValue, error=ERRNO_ERROR),
    two_way("Shutdown", BaseNetworkSocketShutdownRequest, error=ERRNO_ERROR),
    *IP_OPTIONS,
    compose=(BASE_SOCKET,),
)


class EventDescription(Table, resource=True):
    """The event with the socket's signals."""

    event: Annotated[Eventpair | None, 1] = None


# Datagram sockets ------------------------------------------------------------------------------


class BaseDatagramSocketGetInfoResponse(Struct):
    """How the socket was made."""

    domain: DomainValue
    proto: DatagramProtocol


class DatagramSocketDescribeResponse(Table, resource=True):
    """The kernel socket, and how much of each message is metadata."""

    socket: Annotated[Socket | None, 1] = None
    tx_meta_buf_size: Annotated[Uint64 | None, 2] = None
    rx_meta_buf_size: Annotated[Uint64 | None, 3] = None
    metadata_encoding_protocol_version: Annotated[MetadataVersion | None, 4] = None


class DatagramSocketSendMsgPreflightRequest(Table):
    """Where a datagram shall go; to the connected address if that is not told."""

    to: Annotated[SocketAddress | None, 1] = None
    ipv6_pktinfo: Annotated[Ipv6PktInfoSendControlData | None, 2] = None


class DatagramSocketSendMsgPreflightResponse(Table, resource=True):
    """That it can go there, as long as no peer of *validity* is closed."""

    to: Annotated[SocketAddress | None, 1] = None
    validity: Annotated[list[int] | None, 2, Vector(VALIDITY, FAST_UDP_WAIT_MANY_MAXIMUM_ITEMS)] = (
        None
    )
    maximum_size: Annotated[Uint32 | None, 3] = None


class DatagramSocketRecvMsgPostflightResponse(Table, resource=True):
    """Which control messages are wanted, as long as the peer of *validity* is open."""

    validity: Annotated[int | None, 1, VALIDITY] = None
    timestamp: Annotated[Timestamp | None, 2] = None
    requests: Annotated[int | None, 3, Bits.of(CmsgRequests)] = None


class SynchronousDatagramSocketRecvMsgRequest(Struct):
    """How much is wanted."""

    want_addr: Bool
    data_len: Uint32
    want_control: Bool
    flags: RecvFlags


class SynchronousDatagramSocketRecvMsgResponse(Struct):
    """A datagram, and how many bytes of it were cut off."""

    addr: SocketAddress | None
    data: Annotated[bytes, Vector(UINT8)]
    control: DatagramSocketRecvControlData
    truncated: Uint32


class SynchronousDatagramSocketSendMsgRequest(Struct):
    """A datagram, for the connected address if none is given."""

    addr: SocketAddress | None
    data: Annotated[bytes, Vector(UINT8)]
    control: DatagramSocketSendControlData
    flags: SendFlags


class SynchronousDatagramSocketSendMsgResponse(Struct):
    """How many bytes were sent."""

    len: Int64


BASE_DATAGRAM_SOCKET = Protocol(
    "fuchsia.posix.socket/BaseDatagramSocket",
    two_way("GetInfo", None, BaseDatagramSocketGetInfoResponse, error=ERRNO_ERROR),
    compose=(BASE_NETWORK_SOCKET,),
)

DATAGRAM_SOCKET = Protocol(
    "fuchsia.posix.socket/DatagramSocket",
    two_way("Describe", None, DatagramSocketDescribeResponse),
    two_way(
        "SendMsgPreflight",
        DatagramSocketSendMsgPreflightRequest,
        DatagramSocketSendMsgPreflightResponse,
        error=ERRNO_ERROR,
    ),
    two_way("RecvMsgPostflight", None, DatagramSocketRecvMsgPostflightResponse, error=ERRNO_ERROR),
    compose=(BASE_DATAGRAM_SOCKET,),
)

SYNCHRONOUS_DATAGRAM_SOCKET = Protocol(
    "fuchsia.posix.socket/SynchronousDatagramSocket",
    two_way("Describe", None, EventDescription),
    two_way(
        "RecvMsg",
        SynchronousDatagramSocketRecvMsgRequest,
        SynchronousDatagramSocketRecvMsgResponse,
        error=ERRNO_ERROR,
    ),
    two_way(
        "SendMsg",
        SynchronousDatagramSocketSendMsgRequest,
        SynchronousDatagramSocketSendMsgResponse,
        error=ERRNO_ERROR,
    ),
    compose=(BASE_DATAGRAM_SOCKET,),
)

# Stream sockets --------------------------------------------------------------------------------


class StreamSocketDescribeResponse(Table, resource=True):
    """The kernel socket that data goes through."""

    socket: Annotated[Socket | None, 1] = None


class StreamSocketListenRequest(Struct):
    """At most so many connections wait."""

    backlog: Int16


class StreamSocketAcceptRequest(Struct):
    """Whether to tell who connected."""

    want_addr: Bool


class StreamSocketAcceptResponse(Struct, resource=True):
    """A connection."""

    addr: SocketAddress | None
    s: Endpoint


class StreamSocketGetInfoResponse(Struct):
    """How the socket was made."""

    domain: DomainValue
    proto: StreamProtocol


STREAM_SOCKET = Protocol(
    "fuchsia.posix.socket/StreamSocket",
    two_way("Describe", None, StreamSocketDescribeResponse),
    two_way("Listen", StreamSocketListenRequest, error=ERRNO_ERROR),
    two_way("Accept", StreamSocketAcceptRequest, StreamSocketAcceptResponse, error=ERRNO_ERROR),
    two_way("GetInfo", None, StreamSocketGetInfoResponse, error=ERRNO_ERROR),
    *TCP_OPTIONS,
    compose=(BASE_NETWORK_SOCKET,),
)

# Provider --------------------------------------------------------------------------------------


class ProviderStreamSocketRequest(Struct):
    """Which stream socket."""

    domain: DomainValue
    proto: StreamProtocol


class ProviderDatagramSocketRequest(Struct):
    """Which datagram socket."""

    domain: DomainValue
    proto: DatagramProtocol


class SocketResponse(Struct, resource=True):
    """The new socket."""

    s: Endpoint


class ProviderDatagramSocketResponse(Union, strict=True, resource=True):
    """The new socket, of the kind that the server has."""

    datagram_socket: Annotated[Endpoint | None, 1] = None
    synchronous_datagram_socket: Annotated[Endpoint | None, 2] = None


class IndexValue(Struct):
    """An interface by number."""

    index: Uint64


class NameValue(Struct):
    """An interface by name."""

    name: InterfaceName


class ProviderInterfaceNameToFlagsResponse(Struct):
    """Its flags."""

    flags: InterfaceFlags


class ProviderGetInterfaceAddressesResponse(Struct):
    """All interfaces."""

    interfaces: Annotated[list[InterfaceAddresses], Vector(InterfaceAddresses.fidl)]


PROVIDER = Protocol(
    "fuchsia.posix.socket/Provider",
    two_way("StreamSocket", ProviderStreamSocketRequest, SocketResponse, error=ERRNO_ERROR),
    two_way(
        "DatagramSocketDeprecated",
        ProviderDatagramSocketRequest,
        SocketResponse,
        error=ERRNO_ERROR,
        selector="DatagramSocket",
    ),
    two_way(
        "DatagramSocket",
        ProviderDatagramSocketRequest,
        ProviderDatagramSocketResponse,
        error=ERRNO_ERROR,
        selector="DatagramSocketTransitional",
    ),
    two_way("InterfaceIndexToName", IndexValue, NameValue, error=STATUS_ERROR),
    two_way("InterfaceNameToIndex", NameValue, IndexValue, error=STATUS_ERROR),
    two_way(
        "InterfaceNameToFlags",
        NameValue,
        ProviderInterfaceNameToFlagsResponse,
        error=STATUS_ERROR,
    ),
    two_way("GetInterfaceAddresses", None, ProviderGetInterfaceAddressesResponse),
)
