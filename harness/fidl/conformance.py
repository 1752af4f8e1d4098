"""Conformance cases, format ``fidl-conformance/1``: values to bytes and back, or an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.errors import InputError
from harness.fidl.handles import HandleTable
from harness.fidl.jsonvalues import ValueReader, comparable, wanted_handles
from harness.fidl.reading import entry, hexadecimal, is_a, optional
from harness.fidl.schema import Schema, object_type
from harness.fidl.verdict import Verdict, Wrong
from harness.program.values import brief
from zxio_py.fidl.codec import Codec, UnknownPolicy
from zxio_py.fidl.errors import DeclarationError, FidlError
from zxio_py.fidl.handles import handles_in

CONFORMANCE_FORMAT: Final = "fidl-conformance/1"

_ENCODES = frozenset({"success", "encode_success", "encode_failure"})
_DECODES = frozenset({"success", "decode_success", "decode_failure"})

#: What a case's policy is to our codec; others are about languages that are not like Python.
_POLICIES: dict[str, UnknownPolicy] = {
    "drop_unknown": "drop",
    "store_unknown": "store",
}


def check_conformance(document: dict[str, Any], source: str) -> Iterator[Verdict]:
    """Run every case of a conformance file; `InputError` where it is not what it must be."""
    version = entry(document, "wire_format", str, source)
    if version != "v2":
        raise InputError(f"wire format {brief(version)}, not v2", where=source)
    schema = Schema(document, source)
    for number, case in enumerate(entry(document, "cases", list, source)):
        where = f"{source}: case {number}"
        name = entry(is_a(case, dict, where), "name", str, where)
        kind = entry(case, "kind", str, where)
        where += f" {brief(name)}"
        if kind not in _ENCODES | _DECODES:
            raise InputError(f"no kind of case {brief(kind)}", where=where)
        policy = optional(case, "policy", str, "drop_unknown", where)
        if policy not in _POLICIES:
            yield Verdict(name, kind, "skip", f"policy {policy}")
            continue
        yield _Case(schema, case, where).judge(name, kind)


class _Case:
    """One case; each direction runs with handles of its own."""

    def __init__(self, schema: Schema, case: dict[str, Any], where: str) -> None:
        self._schema = schema
        self._case = case
        self._where = where
        self._type = schema.body(case.get("type"), where)
        try:
            self._codec = Codec(self._type)
        except DeclarationError as error:
            raise InputError(str(error), where=where) from None
        self._policy = _POLICIES[case.get("policy", "drop_unknown")]
        self._handle_defs = [
            (object_type(item.get("type"), where), schema.rights(item.get("rights"), where))
            for item in optional(case, "handle_defs", list, [], where)
            if is_a(item, dict, where)
        ]

    def judge(self, name: str, kind: str) -> Verdict:
        """Run it in the directions that *kind* asks for."""
        try:
            if kind in _ENCODES:
                self._encode(fails=kind == "encode_failure")
            if kind in _DECODES:
                self._decode(fails=kind == "decode_failure")
        except Wrong as wrong:
            return Verdict(name, kind, "fail", str(wrong))
        return Verdict(name, kind, "pass")

    def _open_handles(self) -> tuple[HandleTable, ValueReader]:
        table = HandleTable()
        handles = [table.add(index, *item) for index, item in enumerate(self._handle_defs)]
        return table, ValueReader(self._schema, table, handles, self._policy)

    def _bytes(self) -> bytes:
        return hexadecimal(entry(self._case, "bytes", str, self._where), f"{self._where}: bytes")

    def _value(self, reader: ValueReader) -> Any:
        if "value" not in self._case:
            raise InputError('no "value"', where=self._where)
        try:
            return reader.read(self._type, self._case["value"], f"{self._where}: value")
        except FidlError as error:
            raise Wrong(f"a value of the case cannot be decoded: {error}") from None

    # Encoding ------------------------------------------------------------------------------

    def _encode(self, *, fails: bool) -> None:
        table, reader = self._open_handles()
        value = self._value(reader)
        owned = set(handles_in(self._type, value))
        before = set(table.still_open())
        try:
            encoded = self._codec.encode(value, table)
        except FidlError as error:
            self._check_error("encode", error, fails)
            _check_handles("encode", table, before - owned)
            return
        if fails:
            raise Wrong(f"encode: no error, but {self._case['error']} is expected")
        _compare("encode: bytes", encoded.data.hex(), self._bytes().hex())
        given = [(table.index(item.handle), item.type, item.rights) for item in encoded.handles]
        if "handle_dispositions" in self._case:
            _compare("encode: dispositions", given, self._dispositions())
        else:
            wanted = optional(self._case, "handles", list, [], self._where)
            _compare("encode: handles", [item[0] for item in given], wanted)
        _check_handles("encode", table, before)

    def _dispositions(self) -> list[tuple[int, int, int]]:
        where = f"{self._where}: handle_dispositions"
        return [
            (
                entry(is_a(item, dict, where), "handle", int, where),
                object_type(item.get("type"), where),
                self._schema.rights(item.get("rights"), where),
            )
            for item in entry(self._case, "handle_dispositions", list, where)
        ]

    # Decoding ------------------------------------------------------------------------------

    def _decode(self, *, fails: bool) -> None:
        table, reader = self._open_handles()
        where = f"{self._where}: handles"
        sent = reader.handle_list(optional(self._case, "handles", list, [], where), where)
        others = set(table.still_open()) - set(sent)
        infos = [table.info(handle) for handle in sent]
        try:
            value = self._codec.decode(self._bytes(), infos, table, unknown=self._policy)
        except FidlError as error:
            self._check_error("decode", error, fails)
            _check_handles("decode", table, others)
            return
        if fails:
            raise Wrong(f"decode: no error, but {self._case['error']} is expected")
        expected = self._value(reader)
        _compare(
            "decode: value",
            comparable(self._type, value, table),
            comparable(self._type, expected, table),
        )
        _check_handles("decode", table, others | set(handles_in(self._type, value)))
        self._check_received(table, set(handles_in(self._type, value)))

    def _check_received(self, table: HandleTable, received: set[int]) -> None:
        """Handles that the case describes have that type and those rights."""
        infos = {table.index(handle): table.info(handle) for handle in received}
        for wanted in wanted_handles(self._case["value"]):
            index = wanted["$handle"]
            info = infos[index]
            if "type" in wanted:
                expected = object_type(wanted["type"], self._where)
                _compare(f"decode: type of handle {index}", info.type, expected)
            if "rights" in wanted:
                rights = self._schema.rights(wanted["rights"], self._where)
                _compare(f"decode: rights of handle {index}", hex(info.rights), hex(rights))

    def _check_error(self, direction: str, error: FidlError, fails: bool) -> None:
        if not fails:
            raise Wrong(f"{direction}: {error}")
        expected = entry(self._case, "error", str, self._where)
        if error.code != expected:
            raise Wrong(f"{direction}: {error}, not {expected}")


def _compare(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise Wrong(f"{what} {actual!r}, not {expected!r}")


def _check_handles(direction: str, table: HandleTable, expected: set[int]) -> None:
    """Every other handle was closed, and none twice."""
    if table.misuse:
        raise Wrong(f"{direction}: {table.misuse[0]}")
    left = set(table.still_open())
    if left != expected:
        names = sorted(table.index(handle) for handle in left ^ expected)
        what = "left open" if left - expected else "closed"
        raise Wrong(f"{direction}: handles {names} are {what}")
