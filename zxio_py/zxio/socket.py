"""Network sockets: made by a provider service that the caller's connector reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from zxio_py import abi
from zxio_py.kernel.errors import ZxError

#: Reaches a service by name: status and borrowed handle.
ServiceConnector: TypeAlias = Callable[[str], tuple[int, int]]

# Numbers of <sys/socket.h> and <netinet/in.h>.
_DOMAIN_INET = 2
_DOMAIN_INET6 = 10
_DOMAIN_PACKET = 17
_TYPE_STREAM = 1
_TYPE_DGRAM = 2
_TYPE_RAW = 3
_PROTOCOL_ICMP = 1
_PROTOCOL_TCP = 6
_PROTOCOL_UDP = 17
_PROTOCOL_ICMPV6 = 58


def _packet_provider(type: int, protocol: int) -> str:
    """Packet sockets carry a 16-bit protocol number."""
    if type not in (_TYPE_DGRAM, _TYPE_RAW) or not 0 <= protocol <= 0xFFFF:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return "fuchsia.posix.socket.packet.Provider"


def _raw_provider(protocol: int) -> str:
    if protocol == 0:
        raise ZxError(abi.ZX_ERR_PROTOCOL_NOT_SUPPORTED)
    if not 0 < protocol <= 0xFF:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return "fuchsia.posix.socket.raw.Provider"


def _choose_provider(domain: int, type: int, protocol: int) -> str:
    """Which service makes the socket, by the table of domains, types and protocols."""
    if domain == _DOMAIN_PACKET:
        return _packet_provider(type, protocol)
    if domain not in (_DOMAIN_INET, _DOMAIN_INET6):
        raise ZxError(abi.ZX_ERR_PROTOCOL_NOT_SUPPORTED)
    icmp = _PROTOCOL_ICMP if domain == _DOMAIN_INET else _PROTOCOL_ICMPV6
    if type == _TYPE_RAW:
        return _raw_provider(protocol)
    known = {_TYPE_STREAM: (0, _PROTOCOL_TCP), _TYPE_DGRAM: (0, _PROTOCOL_UDP, icmp)}
    if protocol not in known.get(type, ()):
        raise ZxError(abi.ZX_ERR_PROTOCOL_NOT_SUPPORTED)
    return "fuchsia.posix.socket.Provider"


def zxio_socket(
    service_connector: ServiceConnector | None,
    domain: int,
    type: int,
    protocol: int,
    allocator: Any,
) -> tuple[int, Any, int]:
    """Status, context and out_code.

    The library does not speak to servers yet: a provider that was reached is answered as one
    that closes.  Its handle is only borrowed from the connector.
    """
    try:
        name = _choose_provider(domain, type, protocol)
    except ZxError as error:
        return error.status, None, 0
    if service_connector is None or service_connector(name)[0] != abi.ZX_OK:
        return abi.ZX_ERR_IO, None, 0
    return abi.ZX_ERR_PEER_CLOSED, None, 0
