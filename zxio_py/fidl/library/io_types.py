"""fuchsia.io: constants and types."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Annotated, Final, TypeAlias

from zxio_py import abi
from zxio_py.fidl.types import INT8, UINT8, UINT16, UINT64, Array, Bits, Enum, Handle, Text, Vector
from zxio_py.fidl.values import Bool, Int64, Struct, Table, Uint32, Uint64, Union

#: Most bytes of one read, write or directory listing.
MAX_TRANSFER_SIZE: Final = 8192
#: Most bytes of a path, as requests of 2022 allow; one less may be used.
MAX_PATH: Final = 4096
MAX_FILENAME: Final = 255
MAX_FS_NAME_BUFFER: Final = 32
#: An inode number that nobody knows.
INO_UNKNOWN: Final = (1 << 64) - 1


class OpenFlags(IntFlag):
    """What to open, and with which rights."""

    RIGHT_READABLE = 0x1
    RIGHT_WRITABLE = 0x2
    RIGHT_EXECUTABLE = 0x8
    CREATE = 0x10000
    CREATE_IF_ABSENT = 0x20000
    TRUNCATE = 0x40000
    DIRECTORY = 0x80000
    APPEND = 0x100000
    NODE_REFERENCE = 0x400000
    DESCRIBE = 0x800000
    BLOCK_DEVICE = 0x1000000
    NOT_DIRECTORY = 0x2000000
    CLONE_SAME_RIGHTS = 0x4000000
    POSIX_WRITABLE = 0x8000000
    POSIX_EXECUTABLE = 0x10000000


#: The rights among them.
OPEN_RIGHTS: Final = OpenFlags(0xB)
#: What may stand beside NODE_REFERENCE, and that itself.
OPEN_FLAGS_ALLOWED_WITH_NODE_REFERENCE: Final = OpenFlags(0x2C80000)

MODE_PROTECTION_MASK: Final = 0xFFF
MODE_TYPE_MASK: Final = 0xFF000
MODE_TYPE_DIRECTORY: Final = 0x4000
MODE_TYPE_BLOCK_DEVICE: Final = 0x6000
MODE_TYPE_FILE: Final = 0x8000
MODE_TYPE_SYMLINK: Final = 0xA000
MODE_TYPE_SOCKET: Final = 0xC000
MODE_TYPE_SERVICE: Final = 0x10000


class NodeAttributeFlags(IntFlag):
    """Which attributes to set."""

    CREATION_TIME = 1
    MODIFICATION_TIME = 2


class SeekOrigin(IntEnum):
    """What an offset is counted from."""

    START = 0
    CURRENT = 1
    END = 2


class VmoFlags(IntFlag):
    """What a VMO of a file shall be good for."""

    READ = 1
    WRITE = 2
    EXECUTE = 4
    PRIVATE_CLONE = 0x10000
    SHARED_BUFFER = 0x20000


class WatchMask(IntFlag):
    """Which changes of a directory are told."""

    DELETED = 1
    ADDED = 2
    REMOVED = 4
    EXISTING = 8
    IDLE = 16


class WatchEvent(IntEnum):
    """What a watcher is told; its messages are bytes: event, length, name, over and over."""

    DELETED = 0
    ADDED = 1
    REMOVED = 2
    EXISTING = 3
    IDLE = 4


class DirentType(IntEnum):
    """Type of a directory entry; a packed one is inode (u64), size, type (u8), name."""

    UNKNOWN = 0
    DIRECTORY = 4
    BLOCK_DEVICE = 6
    FILE = 8
    SYMLINK = 10
    SOCKET = 12
    SERVICE = 16


class FileSignal(IntFlag):
    """Signals of a file's event."""

    READABLE = 0x1000000
    WRITABLE = 0x2000000


class DeviceSignal(IntFlag):
    """Signals of a device's event."""

    READABLE = 0x1000000
    OOB = 0x2000000
    WRITABLE = 0x4000000
    ERROR = 0x8000000
    HANGUP = 0x10000000


class Operations(IntFlag):
    """What can be done with a node (abilities), or may be done through a connection (rights)."""

    CONNECT = 0x1
    READ_BYTES = 0x2
    WRITE_BYTES = 0x4
    EXECUTE = 0x8
    GET_ATTRIBUTES = 0x10
    UPDATE_ATTRIBUTES = 0x20
    ENUMERATE = 0x40
    TRAVERSE = 0x80
    MODIFY_DIRECTORY = 0x100
    ADMIN = 1 << 56


class NodeProtocolKinds(IntFlag):
    """As what a node can be used."""

    CONNECTOR = 1
    DIRECTORY = 2
    FILE = 4
    SYMLINK = 8


class NodeAttributesQuery(IntFlag):
    """Which attributes are asked for."""

    PROTOCOLS = 0x1
    ABILITIES = 0x2
    CONTENT_SIZE = 0x4
    STORAGE_SIZE = 0x8
    LINK_COUNT = 0x10
    ID = 0x20
    CREATION_TIME = 0x40
    MODIFICATION_TIME = 0x80


class RightsResolution(IntEnum):
    """How the rights of a new connection come about."""

    MAXIMIZE = 1
    POSIX = 2


class AdvisoryLockType(IntEnum):
    """What to do to a lock."""

    READ = 1
    WRITE = 2
    UNLOCK = 3


class UnlinkFlags(IntFlag):
    """Conditions of removing a name."""

    MUST_BE_DIRECTORY = 1


class OpenMode(IntEnum):
    """Whether a node may or must be there already."""

    OPEN_EXISTING = 1
    MAYBE_CREATE = 2
    ALWAYS_CREATE = 3


class FileProtocolFlags(IntFlag):
    """How a file is opened."""

    APPEND = 1
    TRUNCATE = 2


class NodeFlags(IntFlag):
    """What a server shall do on its own."""

    GET_REPRESENTATION = 1


class InotifyWatchMask(IntFlag):
    """Linux's bits of inotify."""

    ACCESS = 0x1
    MODIFY = 0x2
    ATTRIB = 0x4
    CLOSE_WRITE = 0x8
    CLOSE_NOWRITE = 0x10
    OPEN = 0x20
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    UNMOUNT = 0x2000
    Q_OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x1000000
    DONT_FOLLOW = 0x2000000
    EXCL_UNLINK = 0x4000000
    MASK_CREATE = 0x10000000
    MASK_ADD = 0x20000000
    ISDIRECTORY = 0x40000000
    ONESHOT = 0x80000000


# Annotations -----------------------------------------------------------------------------------

Flags: TypeAlias = Annotated[int, Bits.of(OpenFlags, strict=True)]
Rights: TypeAlias = Annotated[int, Bits.of(Operations, UINT64, strict=True)]
Protocols: TypeAlias = Annotated[int, Bits.of(NodeProtocolKinds, UINT64)]
Origin: TypeAlias = Annotated[int, Enum.of(SeekOrigin, strict=True)]
Path: TypeAlias = Annotated[str, Text(MAX_PATH)]
Name: TypeAlias = Annotated[str, Text(MAX_FILENAME)]
Data: TypeAlias = Annotated[bytes, Vector(UINT8, MAX_TRANSFER_SIZE)]
AnyHandle: TypeAlias = Annotated[int, Handle()]
Event: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_EVENT)]
Eventpair: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_EVENTPAIR)]
Socket: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_SOCKET)]
Stream: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_STREAM)]
Vmo: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_VMO)]
MetadataVersion: TypeAlias = Annotated[
    int, Enum("UdpMetadataEncodingProtocolVersion", UINT16, (0,))
]
Channel: TypeAlias = Annotated[int, Handle(abi.ZX_OBJ_TYPE_CHANNEL)]


# Descriptions of nodes -------------------------------------------------------------------------


class NodeAttributes(Struct):
    """What GetAttr tells: times in nanoseconds since 1970, sizes in bytes."""

    mode: Uint32
    id: Uint64
    content_size: Uint64
    storage_size: Uint64
    link_count: Uint64
    creation_time: Uint64
    modification_time: Uint64


class Service(Struct):
    """A node that is just a service."""


class FileObject(Struct, resource=True):
    """A file, with an event if it has signals, and a stream if that is the way to its data."""

    event: Event | None
    stream: Stream | None


class DirectoryObject(Struct):
    """A directory."""


class VmofileDeprecated(Struct, resource=True):
    """A file whose data is a part of a VMO."""

    vmo: Vmo
    offset: Uint64
    length: Uint64


class Tty(Struct, resource=True):
    """A terminal."""

    event: Eventpair | None


class EventObject(Struct, resource=True):
    """A socket whose data goes through its channel."""

    event: Eventpair


class StreamSocketObject(Struct, resource=True):
    """A stream socket."""

    socket: Socket


class DatagramSocketObject(Struct, resource=True):
    """A datagram socket whose data goes through a kernel socket."""

    socket: Socket
    tx_meta_buf_size: Uint64
    rx_meta_buf_size: Uint64
    metadata_encoding_protocol_version: MetadataVersion


class NodeInfoDeprecated(Union, strict=True, resource=True):
    """What OnOpen tells of a node."""

    service: Annotated[Service | None, 1] = None
    file: Annotated[FileObject | None, 2] = None
    directory: Annotated[DirectoryObject | None, 3] = None
    vmofile_deprecated: Annotated[VmofileDeprecated | None, 5] = None
    tty: Annotated[Tty | None, 7] = None
    synchronous_datagram_socket: Annotated[EventObject | None, 9] = None
    stream_socket: Annotated[StreamSocketObject | None, 10] = None
    raw_socket: Annotated[EventObject | None, 11] = None
    packet_socket: Annotated[EventObject | None, 12] = None
    datagram_socket: Annotated[DatagramSocketObject | None, 13] = None


class ConnectorInfo(Table):
    """A node that is just connected to."""


class DirectoryInfo(Table):
    """A directory."""


class FileInfo(Table, resource=True):
    """A file."""

    is_append: Annotated[Bool | None, 1] = None
    observer: Annotated[Event | None, 2] = None
    stream: Annotated[Stream | None, 3] = None


class MutableNodeAttributes(Table):
    """Attributes that can be set; nanoseconds since 1970."""

    creation_time: Annotated[Uint64 | None, 1] = None
    modification_time: Annotated[Uint64 | None, 2] = None


class ImmutableNodeAttributes(Table):
    """Attributes that a node has of itself."""

    protocols: Annotated[Protocols | None, 1] = None
    abilities: Annotated[Rights | None, 2] = None
    content_size: Annotated[Uint64 | None, 3] = None
    storage_size: Annotated[Uint64 | None, 4] = None
    link_count: Annotated[Uint64 | None, 5] = None
    id: Annotated[Uint64 | None, 6] = None


class SymlinkInfo(Table):
    """A symbolic link."""

    target: Annotated[bytes | None, 1, Vector(UINT8, MAX_PATH - 1)] = None
    attributes: Annotated[ImmutableNodeAttributes | None, 2] = None


class Representation(Union, resource=True):
    """What OnRepresentation tells of a node."""

    connector: Annotated[ConnectorInfo | None, 1] = None
    directory: Annotated[DirectoryInfo | None, 2] = None
    file: Annotated[FileInfo | None, 3] = None
    symlink: Annotated[SymlinkInfo | None, 4] = None


class ConnectionInfo(Table, resource=True):
    """What a connection may do."""

    rights: Annotated[Rights | None, 1] = None


class FilesystemInfo(Struct):
    """Sizes and name of a file system; the name ends at its first zero."""

    total_bytes: Uint64
    used_bytes: Uint64
    total_nodes: Uint64
    used_nodes: Uint64
    free_shared_pool_bytes: Uint64
    fs_id: Uint64
    block_size: Uint32
    max_filename_size: Uint32
    fs_type: Uint32
    padding: Uint32
    name: Annotated[list[int], Array(INT8, MAX_FS_NAME_BUFFER)]


# Options ---------------------------------------------------------------------------------------


class RightsRequest(Struct):
    """Rights that a new connection is to have."""

    at_most: Rights
    at_least: Rights
    resolution: Annotated[int, Enum.of(RightsResolution, strict=True)]


class AdvisoryLockRange(Struct):
    """Bytes of a file; a length of 0 reaches to its end."""

    origin: Origin
    offset: Int64
    length: Int64


class AdvisoryLockRequest(Table):
    """What to lock."""

    type: Annotated[int | None, 1, Enum.of(AdvisoryLockType, strict=True)] = None
    range: Annotated[AdvisoryLockRange | None, 2] = None
    wait: Annotated[Bool | None, 3] = None


class UnlinkOptions(Table):
    """How to remove a name."""

    flags: Annotated[int | None, 1, Bits.of(UnlinkFlags, UINT64, strict=True)] = None


class DirectoryEnumerateOptions(Table):
    """Nothing yet."""


class DirectoryProtocolOptions(Table):
    """How a directory is opened."""

    maximum_rights: Annotated[Rights | None, 1] = None


class NodeProtocols(Table):
    """As what a node may be opened."""

    directory: Annotated[DirectoryProtocolOptions | None, 1] = None
    file: Annotated[int | None, 2, Bits.of(FileProtocolFlags, UINT64)] = None
    symlink: Annotated[int | None, 3, Bits("SymlinkProtocolFlags", UINT64, 0)] = None


class NodeOptions(Table):
    """How a node is opened."""

    flags: Annotated[int | None, 1, Bits.of(NodeFlags, UINT64)] = None
    protocols: Annotated[NodeProtocols | None, 2] = None
    mode: Annotated[int | None, 3, Enum.of(OpenMode, strict=True)] = None
    rights: Annotated[Rights | None, 4] = None


class ConnectionProtocols(Union):
    """What shall be spoken on a new connection."""

    connector: Annotated[int | None, 1, Bits("ConnectorFlags", UINT64, 0)] = None
    node: Annotated[NodeOptions | None, 2] = None


class DirectoryEntry(Table):
    """An entry of a directory."""

    name: Annotated[str | None, 1, Text(MAX_FILENAME)] = None
    protocols: Annotated[Protocols | None, 2] = None
    abilities: Annotated[Rights | None, 3] = None
    id: Annotated[Uint64 | None, 4] = None
