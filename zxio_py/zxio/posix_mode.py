"""POSIX st_mode from what an object says of itself."""

from __future__ import annotations

from stat import S_IFDIR, S_IFREG, S_IRUSR, S_IWUSR, S_IXUSR

from zxio_py.abi.zxio import (
    ZXIO_NODE_PROTOCOL_CONNECTOR,
    ZXIO_NODE_PROTOCOL_DIRECTORY,
    ZXIO_NODE_PROTOCOL_FILE,
    ZXIO_OPERATION_ENUMERATE,
    ZXIO_OPERATION_EXECUTE,
    ZXIO_OPERATION_MODIFY_DIRECTORY,
    ZXIO_OPERATION_READ_BYTES,
    ZXIO_OPERATION_TRAVERSE,
    ZXIO_OPERATION_WRITE_BYTES,
)


def zxio_get_posix_mode(protocols: int, abilities: int) -> int:
    """A directory wins over a file, a file over a connector; only the owner's bits are set."""
    directory = bool(protocols & ZXIO_NODE_PROTOCOL_DIRECTORY)
    read = ZXIO_OPERATION_ENUMERATE if directory else ZXIO_OPERATION_READ_BYTES
    write = ZXIO_OPERATION_MODIFY_DIRECTORY if directory else ZXIO_OPERATION_WRITE_BYTES
    execute = ZXIO_OPERATION_TRAVERSE if directory else ZXIO_OPERATION_EXECUTE

    mode = 0
    if directory:
        mode = S_IFDIR
    elif protocols & (ZXIO_NODE_PROTOCOL_FILE | ZXIO_NODE_PROTOCOL_CONNECTOR):
        mode = S_IFREG
    mode |= S_IRUSR if abilities & read else 0
    mode |= S_IWUSR if abilities & write else 0
    mode |= S_IXUSR if abilities & execute else 0
    return mode
