"""The interface's flags as Python enumerations: numbers that have names."""

from enum import IntFlag

from zxio_py.abi import zxio


class Signals(IntFlag):
    """What can be waited for on any object (zxio_signals_t)."""

    NONE = zxio.ZXIO_SIGNAL_NONE
    READABLE = zxio.ZXIO_SIGNAL_READABLE
    WRITABLE = zxio.ZXIO_SIGNAL_WRITABLE
    READ_DISABLED = zxio.ZXIO_SIGNAL_READ_DISABLED
    WRITE_DISABLED = zxio.ZXIO_SIGNAL_WRITE_DISABLED
    READ_THRESHOLD = zxio.ZXIO_SIGNAL_READ_THRESHOLD
    WRITE_THRESHOLD = zxio.ZXIO_SIGNAL_WRITE_THRESHOLD
    OUT_OF_BAND = zxio.ZXIO_SIGNAL_OUT_OF_BAND
    ERROR = zxio.ZXIO_SIGNAL_ERROR
    PEER_CLOSED = zxio.ZXIO_SIGNAL_PEER_CLOSED


class VmoFlags(IntFlag):
    """How the contents of an object are wanted as memory (zxio_vmo_flags_t)."""

    READ = zxio.ZXIO_VMO_READ
    WRITE = zxio.ZXIO_VMO_WRITE
    EXECUTE = zxio.ZXIO_VMO_EXECUTE
    PRIVATE_CLONE = zxio.ZXIO_VMO_PRIVATE_CLONE
    SHARED_BUFFER = zxio.ZXIO_VMO_SHARED_BUFFER


class Protocols(IntFlag):
    """What a node can be spoken to as (zxio_node_protocols_t)."""

    CONNECTOR = zxio.ZXIO_NODE_PROTOCOL_CONNECTOR
    DIRECTORY = zxio.ZXIO_NODE_PROTOCOL_DIRECTORY
    FILE = zxio.ZXIO_NODE_PROTOCOL_FILE


class Abilities(IntFlag):
    """What can be done with a node (zxio_abilities_t)."""

    CONNECT = zxio.ZXIO_OPERATION_CONNECT
    READ_BYTES = zxio.ZXIO_OPERATION_READ_BYTES
    WRITE_BYTES = zxio.ZXIO_OPERATION_WRITE_BYTES
    EXECUTE = zxio.ZXIO_OPERATION_EXECUTE
    GET_ATTRIBUTES = zxio.ZXIO_OPERATION_GET_ATTRIBUTES
    UPDATE_ATTRIBUTES = zxio.ZXIO_OPERATION_UPDATE_ATTRIBUTES
    ENUMERATE = zxio.ZXIO_OPERATION_ENUMERATE
    TRAVERSE = zxio.ZXIO_OPERATION_TRAVERSE
    MODIFY_DIRECTORY = zxio.ZXIO_OPERATION_MODIFY_DIRECTORY
