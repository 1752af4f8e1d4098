"""fuchsia.unknown: what any connection can do."""

from __future__ import annotations

from typing import Annotated

from zxio_py.fidl.library.common import STATUS_ERROR
from zxio_py.fidl.protocol import Protocol, one_way, two_way
from zxio_py.fidl.types import UINT8, Vector
from zxio_py.fidl.values import Endpoint, Struct


class CloneableClone2Request(Struct, resource=True):
    """Where the new connection shall be served."""

    request: Endpoint


class QueryableQueryResponse(Struct):
    """The protocol of a connection, such as ``fuchsia.io/File``."""

    protocol: Annotated[bytes, Vector(UINT8)]


CLONEABLE = Protocol(
    "fuchsia.unknown/Cloneable",
    one_way("Clone2", CloneableClone2Request, selector="Clone"),
)

CLOSEABLE = Protocol(
    "fuchsia.unknown/Closeable",
    two_way("Close", error=STATUS_ERROR, selector="fuchsia.io/Node.Close"),
)

QUERYABLE = Protocol(
    "fuchsia.unknown/Queryable",
    two_way("Query", response=QueryableQueryResponse),
)
