"""fuchsia.hardware.pty: terminals."""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated, Final

from zxio_py.fidl.library.common import Status, StatusReply
from zxio_py.fidl.library.io import FILE
from zxio_py.fidl.library.io_types import Eventpair
from zxio_py.fidl.protocol import Protocol, two_way
from zxio_py.fidl.values import Endpoint, Struct, Table, Uint32

#: Control characters are data.
FEATURE_RAW: Final = 1


class PtyEvent(IntFlag):
    """What ReadEvents tells."""

    HANGUP = 1
    INTERRUPT = 2
    SUSPEND = 4
    WINDOW_SIZE = 8


class WindowSize(Struct):
    """A window's size, in characters."""

    width: Uint32
    height: Uint32


class DeviceDescribeResponse(Table, resource=True):
    """The event with the terminal's signals."""

    event: Annotated[Eventpair | None, 1] = None


class DeviceOpenClientRequest(Struct, resource=True):
    """A new client side; the one with id 0 controls."""

    id: Uint32
    client: Endpoint


class DeviceClrSetFeatureRequest(Struct):
    """Features to clear, then to set."""

    clr: Uint32
    set: Uint32


class DeviceClrSetFeatureResponse(Struct):
    """Features as they are now."""

    status: Status
    features: Uint32


class DeviceGetWindowSizeResponse(Struct):
    """The window's size."""

    status: Status
    size: WindowSize


class DeviceMakeActiveRequest(Struct):
    """Which client gets the input."""

    client_pty_id: Uint32


class DeviceReadEventsResponse(Struct):
    """Events since the last time."""

    status: Status
    events: Uint32


class DeviceSetWindowSizeRequest(Struct):
    """The window's new size."""

    size: WindowSize


#: Of 2022: it composes all of fuchsia.io/File, whose Describe its own would clash with, so that
#: one goes by the name that it had then.
DEVICE = Protocol(
    "fuchsia.hardware.pty/Device",
    two_way("Describe2", None, DeviceDescribeResponse, selector="Describe"),
    two_way("OpenClient", DeviceOpenClientRequest, StatusReply),
    two_way("ClrSetFeature", DeviceClrSetFeatureRequest, DeviceClrSetFeatureResponse),
    two_way("GetWindowSize", None, DeviceGetWindowSizeResponse),
    two_way("MakeActive", DeviceMakeActiveRequest, StatusReply),
    two_way("ReadEvents", None, DeviceReadEventsResponse),
    two_way("SetWindowSize", DeviceSetWindowSizeRequest, StatusReply),
    compose=(FILE,),
)
