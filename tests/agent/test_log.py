"""What a reader of the kernel's log sees of it, on the guests as on the host.

No suite program tells: a log that others write to is never known to be empty.
"""

from __future__ import annotations

import struct
from typing import Any

from harness.program.normalise import normalise
from harness.program.parse import parse_list
from harness.targets.guest import GuestTarget
from harness.targets.host import HostTarget
from zxio_py import abi

#: Records of which the log keeps the latest.
RECORDS = 512

_CREATE = {
    "call": "zx_debuglog_create",
    "args": [{"h": "$resource"}, abi.ZX_LOG_FLAG_READABLE, {"out_handle": "l"}],
}
_SIGNALS = {"call": "zx_object_wait_one", "args": [{"h": "l"}, 1, 0, {"out": 4}]}


#: Goes past all records and finds that there is none.
_SKIP = {"call": "zx_debuglog_read", "args": [{"h": "l"}, 0, 0, 0], "repeat": RECORDS + 1}
_OUT = {"out": 64, "mask": [[0, 8], [16, 24]]}  # but for number, time, process and thread
_READ = {"call": "zx_debuglog_read", "args": [{"h": "l"}, 0, _OUT, 64]}


def _write(text: str, options: int = 0, repeat: int = 1) -> dict[str, Any]:
    args = [{"h": "l"}, options, {"in": {"str": text}}, len(text)]
    return {"call": "zx_debuglog_write", "args": args, "repeat": repeat}


def _run(guest: GuestTarget, *steps: dict[str, Any]) -> Any:
    """Steps of the result on the guest, which is the host's."""
    batch = parse_list([{"name": "zx_log", "steps": list(steps)}], "test")
    guest.start(batch)
    (on_guest,) = guest.finish()
    with HostTarget() as host:
        host.start(batch)
        (on_host,) = host.finish()
    result: Any = normalise(batch[0], on_guest)
    assert result == normalise(batch[0], on_host)
    return result["steps"]


def test_a_record_and_when_readable_goes(guest: GuestTarget) -> None:
    write = _write("mine", abi.ZX_LOG_LOCAL)
    seen = _run(
        guest,
        _CREATE,
        _SKIP,
        _SIGNALS,
        write,
        _SIGNALS,
        _READ,
        _SIGNALS,
        _READ,
        _SIGNALS,
    )
    head = struct.pack("<4xHBB", 4, abi.DEBUGLOG_INFO, abi.ZX_LOG_LOCAL).hex()
    assert seen[5]["outs"]["2"].startswith("??" * 8 + head + "??" * 24 + b"mine".hex())
    empty, full = abi.ZX_ERR_TIMED_OUT, abi.ZX_OK
    assert [seen[index]["status"] for index in (2, 4, 6, 8)] == [empty, full, full, empty]


def test_the_log_keeps_the_latest_records(guest: GuestTarget) -> None:
    fill = _write("", repeat=RECORDS - 1)
    seen = _run(
        guest,
        _CREATE,
        _SKIP,
        _write("gone"),
        _write("kept"),
        fill,
        _READ,
        _SKIP,
    )
    assert b"kept".hex() in seen[5]["outs"]["2"]
    assert [step["status"] for step in seen[5:]] == [44, abi.ZX_ERR_SHOULD_WAIT]
