"""Measurements of the FIDL codec; the yardstick is packing and slicing by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct as Form

from harness.bench.figure import Figure, interleaved, seconds
from zxio_py import abi
from zxio_py.fidl import HandleInfo, receive_request
from zxio_py.fidl.library import io
from zxio_py.fidl.library.io_types import MAX_TRANSFER_SIZE, NodeAttributes, OpenFlags

#: Messages per round: little enough to be done before another process gets the processor, and
#: hence many rounds for each of the others'.
MESSAGES = 200
ROUNDS = 20

#: What a small message may take one way, microseconds.
SMALL_LIMIT = 10.0
#: Least share of the speed of packing by hand, for a message of 8 KiB there and back.
SHARE = 0.2

_TXID = 1
_DATA = bytes(range(256)) * (MAX_TRANSFER_SIZE // 256)
#: Header; ordinal and envelope of the result; count and presence of the vector.
_BY_HAND = Form("<IBBBBQQIHHQQ")

#: (what, encode, decode)
_Small = tuple[str, Callable[[], object], Callable[[], object]]


def measure(rounds: int) -> Iterator[Figure]:
    """A reply of Read with 8 KiB, and small messages each way."""
    work = {"hand": _by_hand, "codec": _read_reply()}
    for index, (_, encode, decode) in enumerate(_small_messages()):
        work |= {f"encode{index}": encode, f"decode{index}": decode}
    times = interleaved(ROUNDS * rounds, **{name: _repeated(step) for name, step in work.items()})
    micros = {name: elapsed / MESSAGES * 1e6 for name, elapsed in times.items()}
    what = "Read reply of 8 KiB, encoded and decoded"
    yield Figure(f"{what} by hand", "host", micros["hand"], "µs")
    yield Figure(what, "host", micros["codec"], "µs")
    share = micros["hand"] / micros["codec"]
    yield Figure("speed of that / by hand", "host", share, "x", SHARE, "more")
    for index, (name, _, _) in enumerate(_small_messages()):
        for way in ("encode", "decode"):
            yield Figure(f"FIDL {way} {name}", "host", micros[f"{way}{index}"], "µs", SMALL_LIMIT)


def _repeated(step: Callable[[], object]) -> Callable[[], float]:
    def steps() -> None:
        for _ in range(MESSAGES):
            step()

    return lambda: seconds(steps)


def _by_hand() -> bytes:
    present = (1 << 64) - 1
    size = MAX_TRANSFER_SIZE
    message = _BY_HAND.pack(_TXID, 2, 0, 0, 1, 7, 1, size + 16, 0, 0, size, present) + _DATA
    count: int = _BY_HAND.unpack_from(message)[-2]
    return message[_BY_HAND.size : _BY_HAND.size + count]


def _read_reply() -> Callable[[], object]:
    read = io.FILE["Read"]
    reply = io.DataResponse(_DATA)
    return lambda: read.decode_reply(read.encode_reply(reply, _TXID).data, txid=_TXID)


def _small_messages() -> list[_Small]:
    return [_read_request(), _open_request(), _attributes_reply()]


def _read_request() -> _Small:
    read = io.FILE["Read"]
    request = io.ReadableReadRequest(MAX_TRANSFER_SIZE)
    message = read.encode_request(request, _TXID).data
    return (
        "Read request",
        lambda: read.encode_request(request, _TXID),
        lambda: receive_request(io.FILE, message),
    )


def _open_request() -> _Small:
    method = io.DIRECTORY["Open"]
    request = io.OpenableOpenRequest(OpenFlags.RIGHT_READABLE.value, 0, "some/file/of/ours", 7)
    message = method.encode_request(request).data
    handles = [HandleInfo(7, abi.ZX_OBJ_TYPE_CHANNEL, abi.ZX_DEFAULT_CHANNEL_RIGHTS)]
    return (
        "Open request",
        lambda: method.encode_request(request),
        lambda: receive_request(io.DIRECTORY, message, handles),
    )


def _attributes_reply() -> _Small:
    method = io.NODE["GetAttr"]
    reply = io.NodeGetAttrResponse(0, NodeAttributes(1, 2, 3, 4, 5, 6, 7))
    message = method.encode_reply(reply, _TXID).data
    return (
        "GetAttr reply",
        lambda: method.encode_reply(reply, _TXID),
        lambda: method.decode_reply(message, txid=_TXID),
    )
