"""What a generated program must not do: anything whose outcome is not determined.

Two right kernels may differ in times, addresses, numbers of objects and handles, contents of memory
that nobody wrote, and in who runs first.  Seeds mask what of this they report; generation must not
add to it:

* no waiting for what may or may not come in time: a deadline is over, or so near that without other
  threads nothing can come before it, or for ever; timers are over or an hour away;
* no copy from a VMO to a mapping of it, or back: how it proceeds is each kernel's own;
* the vDSO's VMO, whose size and contents are each machine's own, is left alone, and so is the root
  job, with which the machine ends;
* buffers whose contents depend on another argument (a topic, a property) are not reported any more
  when that is changed;
* a size that is changed has its buffers at the end of a mapping, where what lies behind is nothing;
* calls that end or change the machine are not made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.fuzz.program import Entry
from harness.program.parse import FUNCTIONS
from zxio_py.abi import (
    CALLS,
    STRUCTS,
    TOPICS_BY_VALUE,
    ZX_PROP_REGISTER_FS,
    ZX_PROP_REGISTER_GS,
)
from zxio_py.abi.model import SCALAR_TYPES, Call, Param
from zxio_py.abi.zxio import ZXIO_CALLS

#: Calls that are never made, and why they cannot be.
LEFT_OUT: Final[dict[str, str]] = {
    "zx_system_mexec": "replaces the kernel",
    "zx_system_powerctl": "ends the machine",
    "zx_cprng_draw": "is random",
    "zx_nanosleep": "only takes time",
    "zx_debug_write": "writes to the line on which results ring",
    "zx_debug_read": "waits for the line",
    "zx_debug_send_command": "writes to the line",
    "zx_debuglog_read": "the log holds what others have said",
    "zx_ktrace_read": "reads what depends on time",
    "zx_process_start": "lets another thread run beside",
    "zx_thread_start": "lets another thread run beside",
    "zx_thread_legacy_yield": "lets others run, who are not there",
    "zx_framebuffer_set_range": "stays when the program is gone",
    "zx_system_set_performance_info": "stays when the program is gone",
    "zx_vcpu_enter": "has no outcome of its own",
}

_LEFT_ALONE: Final = ("'$vdso'", "'$rootjob'")
#: Calls that seeds make, but that are not put anywhere else: nothing ends their waiting.
WAITS: Final = frozenset({"zx_interrupt_wait"})

#: Calls that say what the machine is or has, or what time it is: nothing of it is reported.
UNTOLD: Final = frozenset(
    {
        "zx_clock_get_details",
        "zx_clock_read",
        "zx_clock_get_monotonic",
        "zx_deadline_after",
        "zx_interrupt_wait",
        "zx_system_get_physmem",
        "zx_system_get_num_cpus",
        "zx_system_get_version_string",
        "zx_system_get_dcache_line_size",
        "zx_system_get_features",
        "zx_system_get_performance_info",
        "zx_ticks_get",
        "zx_ticks_per_second",
    }
)
#: Likewise topics of zx_object_get_info.
_UNTOLD_TOPICS: Final = frozenset(
    name
    for topic in TOPICS_BY_VALUE.values()
    for name in (topic.name, topic.value, hex(topic.value))
    if any(
        word in topic.name
        for word in (
            *("STATS", "RUNTIME", "MAPS", "VMOS", "HANDLE_TABLE", "HANDLE_BASIC", "HANDLE_COUNT"),
            *("_VMAR", "INFO_VMO", "CHILDREN", "PROCESSES", "THREADS", "EXCEPTION", "TIMER"),
        )
    )
)
_UNCOUNTED_TOPICS: Final = frozenset(
    name
    for topic in TOPICS_BY_VALUE.values()
    if "MAPS" in topic.name or "VMOS" in topic.name
    for name in (topic.name, topic.value, hex(topic.value))
)
#: Properties with addresses in them.
_UNTOLD_PROPERTIES: Final = ("ADDR", "BASE", "REGISTER", "CONTEXT")

#: Topics whose answer is an array of koids.
_KOID_TOPICS: Final = frozenset(
    name
    for topic in TOPICS_BY_VALUE.values()
    if topic.record == "zx_koid_t"
    for name in (topic.name, topic.value)
)
_BUFFERS: Final = ("out", "in", "inout")
_SEGMENT_REGISTERS: Final = (
    *("ZX_PROP_REGISTER_GS", "ZX_PROP_REGISTER_FS"),
    *(ZX_PROP_REGISTER_GS, ZX_PROP_REGISTER_FS),
)

#: Calls about what only a PC has, or has elsewhere: ports, registers, where memory lies.  The host
#: is such a machine.
_OF_A_PC: Final = (
    "zx_ioports_",
    "zx_pci_cfg_pio_rw",
    "zx_framebuffer_",
    "zx_pc_firmware_",
    "zx_thread_read_state",
    "zx_thread_write_state",
    "zx_vmo_create_physical",
)
#: Calls that copy between memory and where an argument points.
_COPIES: Final = ("zx_vmo_read", "zx_vmo_write", "zx_stream_readv", "zx_stream_writev")

#: By call, the arguments that say what is in which buffer: (arguments, buffer).
DISCRIMINATING: Final[dict[str, tuple[tuple[int, ...], int]]] = {
    "zx_object_get_info": ((1, 3), 2),
    "zx_object_get_property": ((1, 3), 2),
    "zx_thread_read_state": ((1, 3), 2),
    "zx_clock_get_details": ((1,), 2),
    "zx_system_get_performance_info": ((1, 2), 3),
    "zx_process_read_memory": ((1, 3), 2),
}

#: Nanoseconds: how long a wait may take that nothing can end, and from when on a timer is far.
SOON: Final = 1_000_000
FAR: Final = 3600 * 10**9
MOST_REPEATS: Final = 64
MOST_STEPS: Final = 60

#: What says how a buffer is reported, and types of buffers whose contents are each
#: machine's own.
_MASKS: Final = frozenset({"mask", "koids", "handles"})
_OWN: Final = ("zx_handle_t", "zx_handle_info_t", "zx_paddr_t", "zx_vaddr_t")
#: What a handle's value can be changed by so that it is no handle's value.
_BOGUS: Final = (1, 2, 3, 1 << 31)

_TIMES: Final = ("zx_time_t", "zx_duration_t")
_INFINITE: Final = ("ZX_TIME_INFINITE", "ZX_TIME_INFINITE_PAST", 0)


def times(call: str) -> tuple[int, ...]:
    """Which arguments of a function are times."""
    function = CALLS.get(call) or ZXIO_CALLS.get(call)
    params = function.params if function is not None else ()
    return tuple(i for i, param in enumerate(params) if param.type in _TIMES)


def usable(entry: Entry) -> bool:
    """Whether programs may be made from a seed: nothing in it happens by and by."""
    steps = [*entry["steps"], *(s for steps in entry.get("threads", {}).values() for s in steps)]
    return not any(
        step["call"] in LEFT_OUT
        or _near_timer(step)
        or _copies_onto_itself(step)
        or any(slot in str(step.get("args")) for slot in _LEFT_ALONE)
        for step in steps
    )


def _copies_onto_itself(step: Entry) -> bool:
    """Whether a copy may have its source and its end in the same memory, through a mapping."""
    return step["call"].startswith(_COPIES) and "'val'" in str(step.get("args"))


def _near_timer(step: Entry) -> bool:
    return step["call"] == "zx_timer_set" and not _over_or_far(step["args"][1])


def _over_or_far(time: Any) -> bool:
    if isinstance(time, dict):
        ns = time.get("deadline", 1)
        return bool(ns <= 0 or ns >= FAR)
    return time in _INFINITE or (isinstance(time, int) and (time <= SOON or time >= 1 << 62))


def settle(entry: Entry) -> Entry | None:
    """*entry* with its times and repeats as they may be, in place; None if it cannot be."""
    if len(entry["steps"]) > MOST_STEPS or not usable(entry):
        return None
    if "policy" in entry and any(step["call"].startswith("zxio_") for step in entry["steps"]):
        return None  # the library itself has to make objects
    alone = "threads" not in entry
    stamped = any(_stamps(step) for step in entry["steps"])
    for step in entry["steps"]:
        step.pop("min_ns", None)
        if step.get("repeat", 1) > MOST_REPEATS:
            step["repeat"] = MOST_REPEATS
        if alone and step["call"] != "zx_timer_set":
            _settle_times(step)
        if _untold(step) or (stamped and step["call"] == "zx_port_wait"):
            _silence(step)
        _settle_room(step)
        _settle_handles(step.get("args", []))
        if step["call"].startswith(_OF_A_PC) or _segment_register(step):
            entry["arch"] = ["x86_64"]
    return entry


def _segment_register(step: Entry) -> bool:
    """Whether a property is asked for that only x86 has."""
    args = step.get("args", [])
    return "_property" in step["call"] and len(args) > 1 and args[1] in _SEGMENT_REGISTERS


def _untold(step: Entry) -> bool:
    """Whether what a step reports is not determined."""
    call, args = step["call"], step.get("args", [])
    if _topic(step) in _UNTOLD_TOPICS:
        return True
    if call == "zx_object_get_property" and len(args) > 1:
        return any(word in str(args[1]) for word in _UNTOLD_PROPERTIES)
    if call == "zx_clock_update" and "deadline" in str(args):
        return True  # what is written there is the time of now
    return call in UNTOLD


def _topic(step: Entry) -> int | str | None:
    """What zx_object_get_info is asked for."""
    args = step.get("args", [])
    if step["call"] != "zx_object_get_info" or len(args) < 2:
        return None
    topic: Any = args[1]
    return topic if isinstance(topic, int | str) else None


def _stamps(step: Entry) -> bool:
    """Whether a step may cause packets with the time in them."""
    if step["call"] == "zx_object_wait_async":
        return any(option != 0 for option in step["args"][4:5])
    return bool(step["call"] == "zx_interrupt_bind")


def _silence(step: Entry) -> None:
    """Do not report what a step gives, if the seed did not mask it, in place."""
    args = step.get("args", [])
    masked = step["call"] not in UNTOLD
    for index, arg in enumerate(args):
        if isinstance(arg, dict) and "out" in arg and not (masked and _MASKS & arg.keys()):
            args[index] = _silent(arg)
    call = step["call"]
    uncounted = _topic(step) in _UNCOUNTED_TOPICS  # how many there are decides what it returns
    if FUNCTIONS[call].returns != "zx_status_t" or call == "zx_clock_update" or uncounted:
        step["ret"] = "none"


def _settle_room(step: Entry) -> None:
    """What would be written behind a buffer is not: the buffer ends where nothing is behind it.

    Handles are reported only as what they are to.
    """
    args = step.get("args", [])
    for arg in args:
        if isinstance(arg, dict) and "name" in arg and any(key in arg for key in _BUFFERS):
            arg["edge"] = 1  # whoever gets its address may want more
    call = FUNCTIONS.get(step["call"])
    for index, (arg, param) in enumerate(zip(args, call.params if call else (), strict=False)):
        if not isinstance(arg, dict) or not param.is_pointer:
            continue
        if "out" in arg and _topic(step) in _KOID_TOPICS:
            arg["koids"] = list(range(0, arg["out"] - 7, 8))
        masked = _MASKS & arg.keys() and param.pointee != "zx_paddr_t"
        if "out" in arg and param.pointee in _OWN and not masked:
            args[index] = _silent(arg)
        elif any(key in arg for key in _BUFFERS) and _overrun(arg, args, call, param):
            arg["edge"] = 1


def _overrun(arg: Entry, args: list[Any], call: Call | None, param: Param) -> bool:
    """Whether a call may want more than an argument has room for."""
    size = arg.get("size") or arg.get("out") or 0
    record = STRUCTS[param.pointee].size if param.pointee in STRUCTS else 1
    if param.pointee in SCALAR_TYPES:
        record = SCALAR_TYPES[param.pointee][0]
    if param.count is None or call is None:
        return record > size
    counts = [
        arg for arg, other in zip(args, call.params, strict=False) if other.name == param.count
    ]
    return any(not isinstance(count, int) or count * record > size for count in counts)


def _settle_handles(value: Any) -> None:
    """A handle that is to be none is none for certain: any other change may make it another one."""
    if isinstance(value, dict):
        if "xor" in value and value["xor"] not in _BOGUS:
            value["xor"] = _BOGUS[0]
        _settle_handles([value.get(key, ()) for key in ("in", "inout")])
    elif isinstance(value, list):
        for inner in value:
            _settle_handles(inner)


def _settle_times(step: Entry) -> None:
    """Waits for ever end at once: nobody else is there to end them."""
    args = step.get("args", [])
    for index in times(step["call"]):
        if index < len(args) and not _short(args[index]):
            args[index] = {"deadline": SOON}


def _short(time: Any) -> bool:
    if isinstance(time, dict):
        return bool(time.get("deadline", FAR) <= SOON)
    return time in ("ZX_TIME_INFINITE_PAST", 0) or (isinstance(time, int) and time <= SOON)


def unreported(step: Entry, index: int) -> None:
    """What is to be done when argument *index* of a step has been changed, in place."""
    args = step["args"]
    changed, buffer = DISCRIMINATING.get(step["call"], ((), 0))
    if index in changed and buffer < len(args):
        args[buffer] = _silent(args[buffer])
    for other in _plain_buffers(args):
        other["edge"] = 1


def _silent(arg: Any) -> Any:
    """A buffer of the same size that is not reported."""
    size = arg.get("out") if isinstance(arg, dict) else None
    if not isinstance(size, int) or not size:
        return {"null": 1}
    name = {"name": arg["name"]} if "name" in arg else {}
    return {"in": [{"fill": [0xA5, size]}], **name}


def _plain_buffers(args: list[Any]) -> Iterator[Entry]:
    for arg in args:
        if isinstance(arg, dict) and ("out" in arg or "in" in arg or "inout" in arg):
            yield arg
