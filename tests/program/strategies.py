"""Random programs in JSON form: well formed, with every kind of argument and item."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

CALLS = ["zx_event_create", "zx_channel_write", "zx_nanosleep", "zx_clock_get_monotonic"]
SLOTS = ["a", "b", "handle two", "$zero", "$job", "$proc", "$vmar"]
STORED = ["a", "b", "handle two"]
KINDS = ["unmapped", "kernel", "readonly", "edge", "noncanon", "null"]

numbers = st.one_of(
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.integers(0, 70000),
    st.sampled_from(["0x10", "-1", "ZX_RIGHT_READ|ZX_RIGHT_WRITE", "ZX_TIME_INFINITE", "7|8"]),
)
adds = st.integers(-(1 << 40), 1 << 40)


def sized(bits: int) -> st.SearchStrategy[Any]:
    """Values that fit in so many bits, signed or not, or by architecture."""
    plain = st.integers(-(1 << (bits - 1)), (1 << bits) - 1)
    return plain | st.fixed_dictionaries({"x86_64": plain, "arm64": plain})


@st.composite
def items(draw: st.DrawFn, buffers: list[str]) -> Any:
    """One item of a buffer."""
    choices = [
        st.binary(max_size=9).map(lambda data: data.hex()),
        st.binary(max_size=9).map(lambda data: {"hex": data.hex()}),
        st.binary(max_size=9).map(
            lambda data: {"hex": {"x86_64": data.hex(), "arm64": data[::-1].hex()}}
        ),
        st.text(st.characters(codec="utf-8"), max_size=9).map(lambda text: {"str": text}),
        sized(8).map(lambda value: {"u8": value}),
        sized(16).map(lambda value: {"u16": value}),
        sized(32).map(lambda value: {"u32": value}),
        sized(64).map(lambda value: {"u64": value}),
        st.integers(0, 40).map(lambda count: {"zero": count}),
        st.tuples(st.integers(0, 255), st.integers(0, 40)).map(lambda p: {"fill": list(p)}),
        st.just({"h": "$zero"}),
        st.builds(lambda slot, xor: {"h": slot, "xor": xor}, st.just("$job"), st.integers(0, 99)),
        st.just({"koid": "$proc"}),
        st.integers(-(1 << 63), (1 << 63) - 1).map(lambda ns: {"deadline": ns}),
        st.builds(lambda kind, add: {"ptr": kind, "add": add}, st.sampled_from(KINDS), adds),
    ]
    if buffers:
        choices.append(
            st.builds(lambda name, add: {"addr": name, "add": add}, st.sampled_from(buffers), adds)
        )
    return draw(st.one_of(choices))


def item_size(item: Any) -> int:
    """Bytes an item takes."""
    if isinstance(item, str):
        return len(item) // 2
    for key, size in (("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8)):
        if key in item:
            return size
    if "hex" in item:
        text = item["hex"]
        return len(text if isinstance(text, str) else text["x86_64"]) // 2
    if "str" in item:
        return len(item["str"].encode())
    if "zero" in item:
        return int(item["zero"])
    if "fill" in item:
        return int(item["fill"][1])
    return 4 if "h" in item else 8


@st.composite
def buffers(draw: st.DrawFn, known: dict[str, int], named: bool = False) -> Any:
    """An out, in or inout argument; notes its name in *known*."""
    form = draw(st.sampled_from(["out", "in", "inout"]))
    if form == "out":
        size = draw(st.integers(0, 600))
        arg: dict[str, Any] = {"out": size}
    else:
        content = draw(st.lists(items(list(known)), max_size=4))
        size = sum(map(item_size, content))
        arg = {form: content}
        if draw(st.booleans()):
            size = max(size, draw(st.integers(0, 600)))
            arg["size"] = size
    if draw(st.booleans()):
        arg["edge"] = 1
    add_report(draw, arg, size)
    if named or draw(st.booleans()):
        name = f"buffer{len(known)}"
        arg["name"] = name
        known[name] = size
    return arg


def add_report(draw: st.DrawFn, arg: dict[str, Any], size: int) -> None:
    """Perhaps add show, mask, koids and handles."""
    if draw(st.booleans()):
        arg["show"] = draw(st.integers(0, 700))
    if size >= 1 and draw(st.booleans()):
        offset = draw(st.integers(0, size - 1))
        arg["mask"] = [[offset, draw(st.integers(1, size - offset))]]
    if size >= 8 and draw(st.booleans()):
        arg["koids"] = [draw(st.integers(0, size - 8))]
    if size >= 4 and draw(st.booleans()):
        arg["handles"] = [[draw(st.integers(0, size - 4)), draw(st.sampled_from(STORED))]]


@st.composite
def arguments(draw: st.DrawFn, known: dict[str, int], stored: set[str]) -> Any:
    """One argument."""
    usable = [slot for slot in SLOTS if slot.startswith("$") or slot in stored]
    plain = [
        numbers,
        st.fixed_dictionaries({"x86_64": numbers, "arm64": numbers}),
        st.sampled_from(usable).map(lambda slot: {"h": slot}),
        st.builds(
            lambda slot, xor: {"h": slot, "xor": xor},
            st.sampled_from(usable),
            st.integers(0, 0xFFFFFFFF),
        ),
        st.sampled_from(usable).map(lambda slot: {"koid": slot}),
        st.integers(-(1 << 63), (1 << 63) - 1).map(lambda ns: {"deadline": ns}),
        st.just({"null": 1}),
        st.builds(lambda kind, add: {"ptr": kind, "add": add}, st.sampled_from(KINDS), adds),
        st.sampled_from(STORED).map(lambda slot: {"out_handle": slot}),
        st.lists(st.sampled_from(STORED), min_size=1, max_size=3).map(
            lambda slots: {"out_handles": slots}
        ),
        st.sampled_from(["code_off", "code_size", "size"]).map(lambda which: {"vdso": which}),
        st.sampled_from(["io", "other"]).map(lambda name: {"storage": name}),
    ]
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(buffers(known))
    if kind == 1 and known:
        name = draw(st.sampled_from(sorted(known)))
        size = known[name]
        if size and draw(st.booleans()):
            width = max(w for w in (1, 2, 4, 8) if w <= size)
            offset = draw(st.integers(0, size - width))
            arg = {"val": name, "off": offset, "size": width, "add": draw(adds)}
            if draw(st.booleans()):
                arg["plus_vdso"] = "zx_nanosleep"
            return arg
        arg = {draw(st.sampled_from(["addr", "buf"])): name, "add": draw(adds)}
        add_report(draw, arg, size)
        return arg
    return draw(st.one_of(plain))


def stored_by(args: list[Any]) -> set[str]:
    """Slots that a step with these arguments stores to."""
    slots = set()
    for arg in args:
        if isinstance(arg, dict):
            slots |= {arg["out_handle"]} if "out_handle" in arg else set()
            slots |= set(arg.get("out_handles", ()))
            slots |= {slot for _, slot in arg.get("handles", ())}
    return slots


@st.composite
def step_lists(draw: st.DrawFn, known: dict[str, int], stored: set[str]) -> list[Any]:
    """Steps of one thread."""
    steps = []
    for _ in range(draw(st.integers(0, 4))):
        # One by one: an argument may refer to a buffer that the one before it made.
        args = [draw(arguments(known, stored)) for _ in range(draw(st.integers(0, 4)))]
        step: dict[str, Any] = {"call": draw(st.sampled_from([*CALLS, "$buf"])), "args": args}
        if step["call"] != "$buf" and draw(st.booleans()):
            step["repeat"] = draw(st.integers(1, 3))
        if draw(st.booleans()):
            step["min_ns"] = draw(st.integers(0, 1 << 40))
        if draw(st.booleans()):
            step["ret"] = draw(st.sampled_from(["status", "u64", "mask", "none"]))
        steps.append(step)
        stored |= stored_by(args)
    return steps


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:
    """A whole program."""
    known: dict[str, int] = {}
    stored: set[str] = set()
    program: dict[str, Any] = {"name": draw(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True))}
    program["steps"] = draw(step_lists(known, stored))
    if known:
        program["steps"].append({"call": "$show", "args": [{"buf": min(known)}]})
    if draw(st.booleans()):
        program["note"] = draw(st.text(st.characters(codec="utf-8"), max_size=20))
    if draw(st.booleans()):
        program["arch"] = draw(st.sampled_from([["x86_64"], ["arm64"], ["x86_64", "arm64"]]))
    if draw(st.booleans()):
        conditions = st.sampled_from(["ZX_POL_BAD_HANDLE", "ZX_POL_NEW_ANY", "ZX_POL_NEW_EVENT"])
        actions = st.sampled_from(["ZX_POL_ACTION_ALLOW", "ZX_POL_ACTION_KILL"])
        program["debugging"] = draw(st.booleans())
        program["policy"] = draw(st.dictionaries(conditions, actions, min_size=1))
    if draw(st.booleans()):
        program["threads"] = {"t": draw(step_lists(known, stored))}
        program["steps"] += [
            {"call": "$spawn", "args": ["t"]},
            {"call": "$join", "args": ["t"]},
        ]
    return program
