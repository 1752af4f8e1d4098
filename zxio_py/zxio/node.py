"""A service, or a node that was opened as a mere reference: it has no bytes and no entries."""

from __future__ import annotations

from zxio_py.zxio.ops import Ops, Storage, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.remote import (
    Remote,
    remote_attr_get,
    remote_attr_set,
    remote_borrow,
    remote_clone,
    remote_close,
    remote_flags_get,
    remote_flags_set,
    remote_release,
    remote_sync,
)

_NODE_OPS = Ops(
    close=remote_close,
    release=remote_release,
    borrow=remote_borrow,
    clone=remote_clone,
    sync=remote_sync,
    attr_get=remote_attr_get,
    attr_set=remote_attr_set,
    flags_get=remote_flags_get,
    flags_set=remote_flags_set,
)


def node_init(storage: Storage, channel: int) -> None:
    """Make a node, which owns *channel*."""
    zxio_init(storage.io, _NODE_OPS)
    storage.io.state = Remote(OwnedHandle(channel))
