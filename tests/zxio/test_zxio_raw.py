"""The raw door: numbers, addresses, and what happens to memory that is not there."""

from __future__ import annotations

import pytest

from harness.program.normalise import normalise
from harness.suite.load import load_suite
from harness.targets.host import HostTarget
from zxio_py import abi
from zxio_py.abi.zxio import ZXIO_CALLS
from zxio_py.kernel import Kernel, UserFault
from zxio_py.kernel.process import Process
from zxio_py.zxio.raw import ZxioRaw

UNMAPPED = 0x10_0000_0000


class Caller:
    """A process with a page of memory, and zxio in it."""

    def __init__(self, kernel: Kernel) -> None:
        self.process: Process = kernel.create_process("raw")
        self.thread = self.process.create_thread("main")
        self.kernel = kernel
        self.raw = ZxioRaw(kernel, self.thread)
        self.page = self.process.aspace.map(4096, "rw")
        self.io = self.page + 512

    def number(self, offset: int, size: int) -> int:
        return int.from_bytes(self.process.aspace.read(self.page + offset, size), "little")

    def pipe(self) -> int:
        """A pipe at `io`; the handle of the other end."""
        arguments = (0, self.page, self.page + 4)
        assert self.kernel.syscall(self.thread, "zx_socket_create", arguments) == abi.ZX_OK
        assert self.raw.call("zxio_create", (self.number(0, 4), self.io)) == abi.ZX_OK
        return self.number(4, 4)


@pytest.fixture
def caller(kernel: Kernel) -> Caller:
    return Caller(kernel)


def test_every_exported_function_can_be_called_on_nothing(caller: Caller) -> None:
    for name in sorted(ZxioRaw.names):
        if ZXIO_CALLS[name].returns != "zx_status_t" or name in (
            "zxio_socket",
            "zxio_dirent_iterator_next",  # has no object itself
        ):
            continue
        status = caller.raw.call(name, (0,) * 3 + (caller.page,) * 4)
        assert status in (abi.ZX_ERR_BAD_HANDLE, abi.ZX_ERR_INVALID_ARGS), name


def test_a_function_that_is_not_exported_is_refused(caller: Caller) -> None:
    for name in ("zxio_borrow", "zxio_destroy", "zx_event_create"):
        with pytest.raises(KeyError):
            caller.raw.call(name, ())


def test_missing_arguments_are_zero_and_numbers_are_cut(caller: Caller) -> None:
    other = caller.pipe()
    assert caller.raw.call("zxio_close", (caller.io | 1 << 64,)) == abi.ZX_OK
    assert caller.raw.call("zxio_close", ()) == abi.ZX_ERR_BAD_HANDLE
    assert other


def test_the_first_word_of_the_storage_says_whether_there_is_an_object(caller: Caller) -> None:
    caller.pipe()
    assert caller.number(512, 8) != 0
    assert caller.raw.call("zxio_close", (caller.io,)) == abi.ZX_OK
    assert caller.number(512, 8) == 0


def test_memory_given_to_the_kernel_is_a_status(caller: Caller) -> None:
    other = caller.pipe()
    arguments = (other, 0, caller.page, 4, 0)
    assert caller.kernel.syscall(caller.thread, "zx_socket_write", arguments) == abi.ZX_OK
    status = caller.raw.call("zxio_read", (caller.io, UNMAPPED, 4, 0, caller.page))
    assert status == abi.ZX_ERR_INVALID_ARGS


def test_memory_that_the_library_touches_is_a_fault(caller: Caller) -> None:
    caller.pipe()
    with pytest.raises(UserFault):
        caller.raw.call("zxio_readv", (caller.io, UNMAPPED, 1, 0, caller.page))
    with pytest.raises(UserFault):
        caller.raw.call("zxio_isatty", (caller.io, UNMAPPED))
    with pytest.raises(UserFault):
        caller.raw.call("zxio_sync", (UNMAPPED,))
    with pytest.raises(UserFault):
        caller.raw.call("zxio_dirent_iterator_next", (0, caller.page))


def test_something_else_where_an_object_should_be_is_a_fault(caller: Caller) -> None:
    caller.process.aspace.write(caller.io, b"garbage!")
    with pytest.raises(UserFault) as caught:
        caller.raw.call("zxio_sync", (caller.io,))
    assert caught.value.access == "execute"


def test_threads_of_a_process_share_its_objects(caller: Caller) -> None:
    caller.pipe()
    other = caller.raw.for_thread(caller.process.create_thread("helper"))
    assert other.call("zxio_close", (caller.io,)) == abi.ZX_OK
    assert caller.raw.call("zxio_close", (caller.io,)) == abi.ZX_ERR_BAD_HANDLE


def test_all_programs_of_the_suite_end_as_they_should_on_the_host() -> None:
    suite = [case.program for case in load_suite(vectors=False) if case.family.startswith("zxio")]
    assert len(suite) >= 250
    assert all(program.note for program in suite)
    with HostTarget() as host:
        host.start(suite)
        seen = host.finish()
    for program, observation in zip(suite, seen, strict=True):
        expected = "fault" if program.name.startswith("zxio_fault_") else "finished"
        assert observation.ending == expected, (program.name, observation.error)
        steps = normalise(program, observation)["steps"]
        assert not [step for step in steps if "error" in step], program.name


def test_the_suite_calls_every_exported_function() -> None:
    suite = [case.program for case in load_suite(vectors=False) if case.family.startswith("zxio")]
    called = {name for program in suite for name in program.calls()}
    assert ZxioRaw.names - called == set()
