"""fuchsia.posix.socket.packet: sockets for whole packets."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, TypeAlias

from zxio_py.fidl.library.common import ERRNO_ERROR, Empty
from zxio_py.fidl.library.net import InterfaceId, MacAddress
from zxio_py.fidl.library.socket import BASE_SOCKET, EventDescription
from zxio_py.fidl.library.socket_types import (
    RecvFlags,
    SendFlags,
    SocketRecvControlData,
    SocketSendControlData,
)
from zxio_py.fidl.protocol import Protocol, two_way
from zxio_py.fidl.types import UINT8, Enum, Vector
from zxio_py.fidl.values import Bool, Endpoint, Struct, Table, Uint16, Uint32, Union


class Kind(IntEnum):
    """Whether packets have their link-layer header."""

    NETWORK = 1
    LINK = 2


class HardwareType(IntEnum):
    """What an interface is."""

    NETWORK_ONLY = 1
    ETHERNET = 2
    LOOPBACK = 3


class PacketType(IntEnum):
    """For whom a packet is."""

    HOST = 1
    BROADCAST = 2
    MULTICAST = 3
    OTHER_HOST = 4
    OUTGOING = 5


KindValue: TypeAlias = Annotated[int, Enum.of(Kind, strict=True)]
HardwareTypeValue: TypeAlias = Annotated[int, Enum.of(HardwareType, strict=True)]


class ProtocolAssociation(Union, strict=True):
    """The protocols whose packets a socket gets."""

    all: Annotated[Empty | None, 1] = None
    specified: Annotated[Uint16 | None, 2] = None


class BoundInterfaceId(Union, strict=True):
    """The interfaces whose packets a socket gets."""

    all: Annotated[Empty | None, 1] = None
    specified: Annotated[InterfaceId | None, 2] = None


class HardwareAddress(Union):
    """An address of the link layer, if there is one."""

    none: Annotated[Empty | None, 1] = None
    eui48: Annotated[MacAddress | None, 2] = None


class InterfaceProperties(Struct):
    """An interface."""

    id: InterfaceId
    addr: HardwareAddress
    type: HardwareTypeValue


class BoundInterface(Union, strict=True):
    """The interfaces whose packets a socket gets, described."""

    all: Annotated[Empty | None, 1] = None
    specified: Annotated[InterfaceProperties | None, 2] = None


class PacketInfo(Struct):
    """What a packet is, and where it goes through."""

    protocol: Uint16
    interface_id: InterfaceId
    addr: HardwareAddress


class RecvPacketInfo(Struct):
    """The same of a received one."""

    packet_info: PacketInfo
    packet_type: Annotated[int, Enum.of(PacketType, strict=True)]
    interface_type: HardwareTypeValue


class RecvControlData(Table):
    """Control messages that come with a packet."""

    socket: Annotated[SocketRecvControlData | None, 1] = None


class SendControlData(Table):
    """Control messages to go with a packet."""

    socket: Annotated[SocketSendControlData | None, 1] = None


class SocketBindRequest(Struct):
    """What to get from now on; the protocols stay as they are if none are given."""

    protocol: ProtocolAssociation | None
    bound_interface_id: BoundInterfaceId


class SocketGetInfoResponse(Struct):
    """How the socket was made and bound."""

    kind: KindValue
    protocol: ProtocolAssociation | None
    bound_interface: BoundInterface


class SocketRecvMsgRequest(Struct):
    """How much is wanted."""

    want_packet_info: Bool
    data_len: Uint32
    want_control: Bool
    flags: RecvFlags


class SocketRecvMsgResponse(Struct):
    """A packet, and how many bytes of it were cut off."""

    packet_info: RecvPacketInfo | None
    data: Annotated[bytes, Vector(UINT8)]
    control: RecvControlData
    truncated: Uint32


class SocketSendMsgRequest(Struct):
    """A packet, and where it is to go out."""

    packet_info: PacketInfo | None
    data: Annotated[bytes, Vector(UINT8)]
    control: SendControlData
    flags: SendFlags


class ProviderSocketRequest(Struct):
    """Which packet socket."""

    kind: KindValue


class ProviderSocketResponse(Struct, resource=True):
    """The new socket."""

    socket: Endpoint


SOCKET = Protocol(
    "fuchsia.posix.socket.packet/Socket",
    two_way("Describe", None, EventDescription),
    two_way("Bind", SocketBindRequest, error=ERRNO_ERROR),
    two_way("GetInfo", None, SocketGetInfoResponse, error=ERRNO_ERROR),
    two_way("RecvMsg", SocketRecvMsgRequest, SocketRecvMsgResponse, error=ERRNO_ERROR),
    two_way("SendMsg", SocketSendMsgRequest, error=ERRNO_ERROR),
    compose=(BASE_SOCKET,),
)

PROVIDER = Protocol(
    "fuchsia.posix.socket.packet/Provider",
    two_way("Socket", ProviderSocketRequest, ProviderSocketResponse, error=ERRNO_ERROR),
)
