"""Transactional cases, format ``fidl-transactional/1``: what a server makes of a message.

A case has a ``message`` to the server, or just what the server says: a ``reply``, or
``sent_by_server`` unasked.  What is said is decoded and encoded again, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.errors import InputError
from harness.fidl.reading import entry, hexadecimal, is_a, optional
from harness.fidl.targets import TARGETS, answer
from harness.fidl.verdict import Verdict, Wrong
from harness.program.values import brief
from zxio_py.fidl.errors import DomainError, EpitaphError, FidlError, UnknownMethodError
from zxio_py.fidl.exchange import Call, Event, UnknownCall, receive_event, receive_request
from zxio_py.fidl.protocol import Kind, Protocol, encode_unknown_method
from zxio_py.fidl.transaction import decode_header, encode_epitaph

TRANSACTIONAL_FORMAT: Final = "fidl-transactional/1"

_OUTCOMES = ("close", "notify", "event", "reply", "epitaph")


class _NoHandlesError(Exception):
    """The case cannot be judged: the answer takes handles."""


def check_transactional(document: dict[str, Any], source: str) -> Iterator[Verdict]:
    """Run every case of a transactional file; `InputError` where it is not what it must be."""
    txid = optional(document, "txid", int, 1, source)
    for number, case in enumerate(entry(document, "cases", list, source)):
        where = f"{source}: case {number}"
        name = entry(is_a(case, dict, where), "name", str, where)
        where += f" {brief(name)}"
        server = entry(case, "server", str, where)
        outcome = entry(case, "outcome", str, where)
        if server not in TARGETS:
            raise InputError(f"no server {brief(server)}", where=where)
        if outcome not in _OUTCOMES:
            raise InputError(f"no outcome {brief(outcome)}", where=where)
        try:
            _judge(TARGETS[server], case, outcome, txid, where)
        except Wrong as wrong:
            yield Verdict(name, outcome, "fail", str(wrong))
        except _NoHandlesError:
            yield Verdict(name, outcome, "skip", "the answer takes handles")
        else:
            yield Verdict(name, outcome, "pass")


def _judge(protocol: Protocol, case: dict[str, Any], outcome: str, txid: int, where: str) -> None:
    reply = _hex(case, "reply", where)
    message = _hex(case, "message", where)
    said = _hex(case, "sent_by_server", where)
    if message is not None:
        actual, answered = _receive(protocol, message)
        if actual != outcome:
            raise Wrong(f"outcome {actual}, not {outcome}")
        if reply is not None and answered != reply:
            raise Wrong(f"reply {answered.hex()}, not {reply.hex()}")
    elif reply is not None:
        _check_same("reply", _reply_again(protocol, reply, txid), reply)
    elif said is not None:
        actual, again = _event_again(protocol, said)
        # An epitaph is an event too, and whoever gets it sees the connection close.
        if actual != outcome and not (actual == "epitaph" and outcome in ("close", "event")):
            raise Wrong(f"outcome {actual}, not {outcome}")
        _check_same("message", again, said)
    else:
        raise InputError('no "message", "reply" or "sent_by_server"', where=where)


def _hex(case: dict[str, Any], key: str, where: str) -> bytes | None:
    if key not in case:
        return None
    return hexadecimal(entry(case, key, str, where), f"{where}: {key}")


def _check_same(what: str, actual: bytes, expected: bytes) -> None:
    if actual != expected:
        raise Wrong(f"{what} encoded again: {actual.hex()}, not {expected.hex()}")


def _receive(protocol: Protocol, message: bytes) -> tuple[str, bytes]:
    """What the server does, and what it replies."""
    try:
        received = receive_request(protocol, message)
    except FidlError:
        return "close", b""
    if isinstance(received, UnknownCall):
        return ("notify", b"") if received.reply is None else ("reply", received.reply)
    return _answered(received)


def _answered(call: Call) -> tuple[str, bytes]:
    if call.method.kind is Kind.ONE_WAY:
        return "notify", b""
    try:
        encoded = answer(call)
    except FidlError:  # a server that cannot reply closes
        return "close", b""
    if encoded is None:
        raise _NoHandlesError
    return "reply", encoded.data


def _reply_again(protocol: Protocol, reply: bytes, txid: int) -> bytes:
    """What a client understands of *reply*, said again by a server."""
    try:
        header = decode_header(reply)
        method = protocol.requests.get(header.ordinal)
        if method is None:
            return encode_unknown_method(header)
        try:
            value = method.decode_reply(reply, txid=txid)
        except DomainError as error:
            return method.encode_error(error.error, txid).data
        except UnknownMethodError:
            return encode_unknown_method(header)
        return method.encode_reply(value, txid).data
    except FidlError as error:
        raise Wrong(f"reply: {error}") from None


def _event_again(protocol: Protocol, message: bytes) -> tuple[str, bytes]:
    """What a client understands of an event or epitaph, said again."""
    try:
        received = receive_event(protocol, message)
    except EpitaphError as error:
        return "epitaph", encode_epitaph(error.status)
    except FidlError as error:
        raise Wrong(f"event: {error}") from None
    if not isinstance(received, Event):
        raise Wrong(f"event: {received.ordinal:#x} is not known")
    return "event", received.method.encode_request(received.value).data
