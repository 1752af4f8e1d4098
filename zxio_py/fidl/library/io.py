"""fuchsia.io: nodes, directories, files, symbolic links.

Two generations of methods live side by side; their selectors tell them apart (``fuchsia.io1/``,
``fuchsia.io/``).  Methods carry the strictness of 2022: none is flexible.
"""

from __future__ import annotations

from typing import Annotated

from zxio_py.fidl.library.common import STATUS_ERROR, Status, StatusReply
from zxio_py.fidl.library.io_types import (
    AdvisoryLockRequest,
    AnyHandle,
    Channel,
    ConnectionInfo,
    ConnectionProtocols,
    Data,
    DirectoryEntry,
    DirectoryEnumerateOptions,
    Event,
    FileInfo,
    FilesystemInfo,
    Flags,
    ImmutableNodeAttributes,
    InotifyWatchMask,
    MutableNodeAttributes,
    Name,
    NodeAttributeFlags,
    NodeAttributes,
    NodeAttributesQuery,
    NodeInfoDeprecated,
    Origin,
    Path,
    Representation,
    RightsRequest,
    Socket,
    SymlinkInfo,
    UnlinkOptions,
    Vmo,
    VmoFlags,
    WatchMask,
)
from zxio_py.fidl.library.unknown import CLOSEABLE, QUERYABLE
from zxio_py.fidl.protocol import Protocol, event, one_way, two_way
from zxio_py.fidl.types import UINT8, UINT64, Bits, Vector
from zxio_py.fidl.values import Endpoint, Int64, Struct, Uint32, Uint64

# Nodes -----------------------------------------------------------------------------------------


class NodeCloneRequest(Struct, resource=True):
    """Another connection to the same node."""

    flags: Flags
    object: Endpoint


class NodeOnOpenEvent(Struct, resource=True):
    """How opening ended; what is there if it succeeded."""

    s: Status
    info: NodeInfoDeprecated | None


class NodeDescribeDeprecatedResponse(Struct, resource=True):
    """What a node is."""

    info: NodeInfoDeprecated


class NodeGetAttrResponse(Struct):
    """Attributes of a node; zeros if the status is a failure."""

    s: Status
    attributes: NodeAttributes


class NodeSetAttrRequest(Struct):
    """The attributes to set are those of the flags."""

    flags: Annotated[int, Bits.of(NodeAttributeFlags, strict=True)]
    attributes: NodeAttributes


class NodeGetFlagsResponse(Struct):
    """Flags of a connection."""

    s: Status
    flags: Flags


class NodeSetFlagsRequest(Struct):
    """Flags that a connection shall have."""

    flags: Flags


class NodeQueryFilesystemResponse(Struct):
    """The file system behind a node."""

    s: Status
    info: FilesystemInfo | None


class NodeReopenRequest(Struct, resource=True):
    """Another connection, with the rights of this one if none are asked for."""

    rights_request: RightsRequest | None
    object_request: Endpoint


class NodeOnRepresentationEvent(Struct, resource=True):
    """What a node is, told once and first."""

    payload: Representation


class NodeGetAttributesRequest(Struct):
    """Which attributes are wanted."""

    query: Annotated[int, Bits.of(NodeAttributesQuery, UINT64, strict=True)]


class NodeAttributes2(Struct):
    """Attributes of a node, as far as it has them."""

    mutable_attributes: MutableNodeAttributes
    immutable_attributes: ImmutableNodeAttributes


NODE1 = Protocol(
    "fuchsia.io/Node1",
    one_way("Clone", NodeCloneRequest, selector="fuchsia.io1/Node.Clone"),
    event("OnOpen", NodeOnOpenEvent, selector="fuchsia.io1/Node.OnOpen"),
    two_way("GetAttr", None, NodeGetAttrResponse, selector="fuchsia.io1/Node.GetAttr"),
    two_way("SetAttr", NodeSetAttrRequest, StatusReply, selector="fuchsia.io1/Node.SetAttr"),
    two_way("GetFlags", None, NodeGetFlagsResponse, selector="fuchsia.io1/Node.NodeGetFlags"),
    two_way("SetFlags", NodeSetFlagsRequest, StatusReply, selector="fuchsia.io1/Node.NodeSetFlags"),
    two_way(
        "QueryFilesystem",
        None,
        NodeQueryFilesystemResponse,
        selector="fuchsia.io.admin/DirectoryAdmin.QueryFilesystem",
    ),
    two_way(
        "DescribeDeprecated",
        None,
        NodeDescribeDeprecatedResponse,
        selector="fuchsia.io1/Node.Describe",
    ),
)

NODE2 = Protocol(
    "fuchsia.io/Node2",
    one_way("Reopen", NodeReopenRequest, selector="fuchsia.io/Node.Reopen"),
    event(
        "OnRepresentation",
        NodeOnRepresentationEvent,
        selector="fuchsia.io/Node.OnRepresentation",
    ),
    two_way(
        "GetConnectionInfo", None, ConnectionInfo, selector="fuchsia.io/Node.GetConnectionInfo"
    ),
    two_way(
        "GetAttributes",
        NodeGetAttributesRequest,
        NodeAttributes2,
        error=STATUS_ERROR,
        selector="fuchsia.io/Node.GetAttributes",
    ),
    two_way(
        "UpdateAttributes",
        MutableNodeAttributes,
        error=STATUS_ERROR,
        selector="fuchsia.io/Node.UpdateAttributes",
    ),
    two_way("Sync", error=STATUS_ERROR, selector="fuchsia.io/Node.Sync"),
    compose=(CLOSEABLE, QUERYABLE),
)

NODE = Protocol("fuchsia.io/Node", compose=(NODE1, NODE2))

# Locks, reading, writing -----------------------------------------------------------------------


class AdvisoryLockingAdvisoryLockRequest(Struct):
    """A lock to take or to give up."""

    request: AdvisoryLockRequest


class ReadableReadRequest(Struct):
    """At most so many bytes."""

    count: Uint64


class DataResponse(Struct):
    """What was read; nothing at the end."""

    data: Data


class WritableWriteRequest(Struct):
    """What to write."""

    data: Data


class ActualCountResponse(Struct):
    """How many bytes were written."""

    actual_count: Uint64


ADVISORY_LOCKING = Protocol(
    "fuchsia.io/AdvisoryLocking",
    two_way("AdvisoryLock", AdvisoryLockingAdvisoryLockRequest, error=STATUS_ERROR),
)

READABLE = Protocol(
    "fuchsia.io/Readable",
    two_way(
        "Read",
        ReadableReadRequest,
        DataResponse,
        error=STATUS_ERROR,
        selector="fuchsia.io/File.Read",
    ),
)

WRITABLE = Protocol(
    "fuchsia.io/Writable",
    two_way(
        "Write",
        WritableWriteRequest,
        ActualCountResponse,
        error=STATUS_ERROR,
        selector="fuchsia.io/File.Write",
    ),
)

# Files -----------------------------------------------------------------------------------------


class FileReadAtRequest(Struct):
    """At most so many bytes from there."""

    count: Uint64
    offset: Uint64


class FileWriteAtRequest(Struct):
    """What to write, and where."""

    data: Data
    offset: Uint64


class FileSeekRequest(Struct):
    """Where to go."""

    origin: Origin
    offset: Int64


class FileSeekResponse(Struct):
    """Where that is."""

    offset_from_start: Uint64


class FileResizeRequest(Struct):
    """The new size, bytes."""

    length: Uint64


class FileGetBackingMemoryRequest(Struct):
    """What the VMO shall be good for."""

    flags: Annotated[int, Bits.of(VmoFlags, strict=True)]


class FileGetBackingMemoryResponse(Struct, resource=True):
    """A VMO with the file's contents."""

    vmo: Vmo


FILE = Protocol(
    "fuchsia.io/File",
    two_way("Describe", None, FileInfo),
    two_way("Seek", FileSeekRequest, FileSeekResponse, error=STATUS_ERROR),
    two_way("ReadAt", FileReadAtRequest, DataResponse, error=STATUS_ERROR),
    two_way("WriteAt", FileWriteAtRequest, ActualCountResponse, error=STATUS_ERROR),
    two_way("Resize", FileResizeRequest, error=STATUS_ERROR),
    two_way(
        "GetBackingMemory",
        FileGetBackingMemoryRequest,
        FileGetBackingMemoryResponse,
        error=STATUS_ERROR,
    ),
    compose=(READABLE, WRITABLE, ADVISORY_LOCKING, NODE),
)

# Directories -----------------------------------------------------------------------------------


class OpenableOpenRequest(Struct, resource=True):
    """What to open below a directory, and where to serve it."""

    flags: Flags
    mode: Uint32
    path: Path
    object: Endpoint


class DirectoryReadDirentsRequest(Struct):
    """At most so many bytes of entries."""

    max_bytes: Uint64


class DirectoryReadDirentsResponse(Struct):
    """Packed entries; none at the end."""

    s: Status
    dirents: Data


class DirectoryGetTokenResponse(Struct, resource=True):
    """A token that stands for the directory in Rename and Link."""

    s: Status
    token: AnyHandle | None


class DirectoryLinkRequest(Struct, resource=True):
    """A second name for a node."""

    src: Name
    dst_parent_token: AnyHandle
    dst: Name


class DirectoryWatchRequest(Struct, resource=True):
    """Whom to tell of changes."""

    mask: Annotated[int, Bits.of(WatchMask, strict=True)]
    options: Uint32
    watcher: Endpoint


class DirectoryOpen2Request(Struct, resource=True):
    """What to open below a directory, and as what."""

    path: Path
    protocols: ConnectionProtocols
    object_request: Channel


class DirectoryAddInotifyFilterRequest(Struct, resource=True):
    """What to tell of below a directory, and where."""

    path: Path
    filter: Annotated[int, Bits.of(InotifyWatchMask, strict=True)]
    watch_descriptor: Uint32
    socket: Socket


class DirectoryUnlinkRequest(Struct):
    """Which name to remove."""

    name: Name
    options: UnlinkOptions


class DirectoryEnumerateRequest(Struct, resource=True):
    """Where to serve a listing."""

    options: DirectoryEnumerateOptions
    iterator: Endpoint


class DirectoryRenameRequest(Struct, resource=True):
    """Which name becomes which, and where."""

    src: Name
    dst_parent_token: Event
    dst: Name


class DirectoryCreateSymlinkRequest(Struct, resource=True):
    """A symbolic link to make, and where to serve it, if at all."""

    name: Name
    target: Annotated[bytes, Vector(UINT8, 4095)]
    connection: Endpoint | None


class DirectoryIteratorGetNextResponse(Struct):
    """More entries; none at the end."""

    entries: Annotated[list[DirectoryEntry], Vector(DirectoryEntry.fidl, 8192)]


OPENABLE = Protocol(
    "fuchsia.io/Openable",
    one_way("Open", OpenableOpenRequest, selector="fuchsia.io1/Directory.Open"),
)

DIRECTORY1 = Protocol(
    "fuchsia.io/Directory1",
    two_way(
        "ReadDirents",
        DirectoryReadDirentsRequest,
        DirectoryReadDirentsResponse,
        selector="fuchsia.io1/Directory.ReadDirents",
    ),
    two_way("Rewind", None, StatusReply, selector="fuchsia.io1/Directory.Rewind"),
    two_way("GetToken", None, DirectoryGetTokenResponse, selector="fuchsia.io1/Directory.GetToken"),
    two_way("Link", DirectoryLinkRequest, StatusReply, selector="fuchsia.io1/Directory.Link"),
    two_way("Watch", DirectoryWatchRequest, StatusReply, selector="fuchsia.io1/Directory.Watch"),
    compose=(OPENABLE, NODE1),
)

DIRECTORY2 = Protocol(
    "fuchsia.io/Directory2",
    one_way("Open2", DirectoryOpen2Request, selector="fuchsia.io/Directory.Open"),
    two_way(
        "AddInotifyFilter",
        DirectoryAddInotifyFilterRequest,
        selector="fuchsia.io/Directory.AddInotifyFilter",
    ),
    two_way(
        "Unlink",
        DirectoryUnlinkRequest,
        error=STATUS_ERROR,
        selector="fuchsia.io/Directory.Unlink",
    ),
    one_way("Enumerate", DirectoryEnumerateRequest, selector="fuchsia.io/Directory.Enumerate"),
    two_way(
        "Rename",
        DirectoryRenameRequest,
        error=STATUS_ERROR,
        selector="fuchsia.io/Directory.Rename",
    ),
    two_way(
        "CreateSymlink",
        DirectoryCreateSymlinkRequest,
        error=STATUS_ERROR,
        selector="fuchsia.io/Directory.CreateSymlink",
    ),
    compose=(NODE2, ADVISORY_LOCKING),
)

DIRECTORY = Protocol("fuchsia.io/Directory", compose=(DIRECTORY1, DIRECTORY2))

DIRECTORY_ITERATOR = Protocol(
    "fuchsia.io/DirectoryIterator",
    two_way("GetNext", None, DirectoryIteratorGetNextResponse, error=STATUS_ERROR),
)

# Symbolic links --------------------------------------------------------------------------------

SYMLINK = Protocol("fuchsia.io/Symlink", two_way("Describe", None, SymlinkInfo), compose=(NODE,))
