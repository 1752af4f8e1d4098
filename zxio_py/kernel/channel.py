"""Channels: messages of bytes and handles between two ends.

The one way past the kernel lock leads through here.  `Door` queues and takes plain messages (no
handles) without the lock, because the lock alone costs as much as the rest of the call.  That is
sound under these rules, which rest on Python running one thread at a time and switching threads
only at function entries, backward jumps and calls:

* `messages` is a deque: each append and each removal is one step that nothing can cut in two.
  The look at the head and its removal have no switching point between them, so two readers never
  take one message for another.
* READABLE is not stored but seen: it is asserted while `messages` is not empty.
* A waiter first enters `observers`, then looks at the signals; a writer first appends, then looks
  at `observers`.  Whatever the interleaving, at least one of them sees the other, and a writer
  that sees an observer takes the lock and tells it.
* Calls in progress sit in `calls`; a writer that sees any takes the lock before it writes.  One
  that sees none cannot carry the reply to a call that has not even sent its message.
* A write that slips past a closing peer is a write that came before the close: the message is
  dropped with the queue, and it holds no handles whose end anybody could observe.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from zxio_py import abi
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.paired import Paired
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.handle import Handle
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread

#: Size in bytes, the bytes, the handles (None for none).
Message: TypeAlias = "tuple[int, bytes, list[Handle] | None]"

_TXID_SIZE = 4


class CallWaiter(Waiter):
    """A thread in zx_channel_call, waiting for the reply with its transaction id."""

    __slots__ = ("reply",)

    def __init__(self) -> None:
        super().__init__()
        self.reply: Message | None = None


class Channel(Paired):
    """One end of a channel."""

    __slots__ = ("_last_txid", "calls", "messages")

    TYPE = abi.ZX_OBJ_TYPE_CHANNEL
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_CHANNEL_RIGHTS

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, abi.ZX_CHANNEL_WRITABLE)
        #: Written by the peer, not read yet.
        self.messages: deque[Message] = deque()
        #: Calls made through this end that wait for their replies, by transaction id.
        self.calls: dict[int, CallWaiter] = {}
        self._last_txid = 0

    @classmethod
    def create(cls, kernel: Kernel) -> tuple[Channel, Channel]:
        """Both ends of a new channel."""
        return cls(kernel).join(cls(kernel))

    def as_channel(self) -> Channel:
        return self

    def current_signals(self) -> int:
        return self.signals | abi.ZX_CHANNEL_READABLE if self.messages else self.signals

    def write(self, message: Message, thread: Thread) -> None:
        """Queue *message* at the peer, or hand it to the call it answers.

        PEER_CLOSED if there is no peer; the handles in the message are then closed.  One message
        too many in the queue is the writer's policy exception.
        """
        peer = self.peer
        if peer is None:
            self._drop(message)
            raise ZxError(abi.ZX_ERR_PEER_CLOSED)
        if peer.calls and message[0] >= _TXID_SIZE:
            waiter = peer.calls.pop(int.from_bytes(message[1][:_TXID_SIZE], "little"), None)
            if waiter is not None:
                waiter.reply = message
                waiter.wake()
                return
        if message[2]:
            self.kernel.carriers[peer.koid] = peer
        was_empty = not peer.messages
        peer.messages.append(message)
        if peer.observers:
            peer.announce(was_empty)
        if len(peer.messages) > abi.CHANNEL_PENDING_MESSAGES_MAX:
            thread.policy_error(abi.ZX_EXCP_POLICY_CODE_CHANNEL_FULL_WRITE, "CHANNEL_FULL_WRITE")

    def announce(self, was_empty: bool) -> None:
        """Tell observers that a message has come; *was_empty*: READABLE is newly asserted."""
        if not self.messages:
            return  # taken already, without the lock
        readable = abi.ZX_CHANNEL_READABLE
        matched = [o for o in self.observers if o.trigger & readable and (was_empty or not o.edge)]
        self.end_matched(matched, self.current_signals())

    def head(self) -> Message:
        """The next message, left where it is.  SHOULD_WAIT or PEER_CLOSED if there is none."""
        if not self.messages:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT if self.peer else abi.ZX_ERR_PEER_CLOSED)
        return self.messages[0]

    def call(self, message: Message, deadline: int, thread: Thread) -> Message:
        """Send *message* with a fresh transaction id and wait for the reply that carries it.

        PEER_CLOSED, TIMED_OUT; CANCELED if this end is closed meanwhile.
        """
        size, data, handles = message
        txid = self._next_txid()
        waiter = CallWaiter()
        self.calls[txid] = waiter
        try:
            self.write((size, txid.to_bytes(4, "little") + data[_TXID_SIZE:], handles), thread)
            status = waiter.block(thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_CHANNEL)
        except ThreadKilled:
            self._drop(waiter.reply)
            raise
        finally:
            self.calls.pop(txid, None)
        if waiter.reply is not None:
            return waiter.reply
        raise ZxError(status)

    def _next_txid(self) -> int:
        first = abi.CHANNEL_CALL_TXID_MIN
        while True:
            self._last_txid = (self._last_txid + 1) % first
            if first + self._last_txid not in self.calls:
                return first + self._last_txid

    def _drop(self, message: Message | None) -> None:
        if message is not None and message[2]:
            self.kernel.close_handles(message[2])

    def on_zero_handles(self) -> None:
        self.kernel.carriers.pop(self.koid, None)
        peer = self.peer
        self._end_calls(abi.ZX_ERR_CANCELED)
        self.part(abi.ZX_CHANNEL_WRITABLE, abi.ZX_CHANNEL_PEER_CLOSED)
        if peer is not None:
            peer._end_calls(abi.ZX_ERR_PEER_CLOSED)
        self.drop_messages()

    def drop_messages(self) -> None:
        """Close the handles of every message not read yet."""
        while self.messages:
            self._drop(self.messages.popleft())

    def carried(self) -> Iterator[Channel]:
        """The channel ends whose handles lie in messages not read yet."""
        for _, _, handles in self.messages:
            for handle in handles or ():
                channel = handle.object.as_channel()
                if channel is not None:
                    yield channel

    def _end_calls(self, status: int) -> None:
        for waiter in self.calls.values():
            waiter.wake(status)
        self.calls.clear()


def end_unreachable(kernel: Kernel) -> None:
    """End the channel ends that nobody can reach any more.

    These are ends whose handles all lie in messages queued on one another; closing what a process
    held does not end them.  Kernel lock held.
    """
    carriers = list(kernel.carriers.values())
    queued = Counter(carried for carrier in carriers for carried in carrier.carried())
    pending = [carrier for carrier in carriers if carrier.handle_count > queued[carrier]]
    reached = set(pending)
    while pending:
        for carried in pending.pop().carried():
            if carried not in reached:
                reached.add(carried)
                pending.append(carried)
    for carrier in carriers:
        if carrier not in reached:
            carrier.drop_messages()
        elif not any(handles for _, _, handles in carrier.messages):
            kernel.carriers.pop(carrier.koid, None)
