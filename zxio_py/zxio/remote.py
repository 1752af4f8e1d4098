"""Objects that a server stands behind.

The library does not speak to servers yet, so a channel is answered as if its server had closed
it: the query that would find out what the channel is gets no reply.
"""

from __future__ import annotations

from zxio_py import abi
from zxio_py.zxio.ops import Storage


def remote_create(channel: int, storage: Storage) -> int:
    """Leave *storage* alone, as a failing query does; ZX_ERR_PEER_CLOSED."""
    storage.io.system.handle_close(channel)
    return abi.ZX_ERR_PEER_CLOSED
