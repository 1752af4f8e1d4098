"""The numbered behaviours of the reference, for objects as such and their creation.

A test's number is the behaviour's.  What a program can say is in the suite as well, where the C
library is held against this one; here stand all of them that hold for local objects of the
edition of December 2022.
"""

from __future__ import annotations

from zxio_objects import (
    default_object,
    event,
    is_live,
    null_object,
    pipes,
    read,
    vmo_object,
    write,
)

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.zxio import (
    Dirent,
    DirentIterator,
    NodeAttributes,
    Ops,
    Storage,
    System,
    Zxio,
    zxio_add_inotify_filter,
    zxio_attr_get,
    zxio_attr_set,
    zxio_borrow,
    zxio_clone,
    zxio_close,
    zxio_dirent_iterator_destroy,
    zxio_dirent_iterator_init,
    zxio_dirent_iterator_next,
    zxio_flags_get,
    zxio_flags_set,
    zxio_get_ops,
    zxio_get_read_buffer_available,
    zxio_get_window_size,
    zxio_init,
    zxio_ioctl,
    zxio_isatty,
    zxio_link,
    zxio_open_async,
    zxio_read,
    zxio_read_at,
    zxio_readv,
    zxio_release,
    zxio_rename,
    zxio_seek,
    zxio_set_window_size,
    zxio_shutdown,
    zxio_sync,
    zxio_token_get,
    zxio_truncate,
    zxio_unlink,
    zxio_vmo_get,
    zxio_vmo_get_clone,
    zxio_vmo_get_exact,
    zxio_wait_begin,
    zxio_wait_end,
    zxio_wait_one,
    zxio_watch_directory,
    zxio_write,
    zxio_write_at,
)

BAD_HANDLE = abi.ZX_ERR_BAD_HANDLE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE
READABLE = constants.ZXIO_SIGNAL_READABLE
FOREVER = abi.ZX_TIME_INFINITE


# ---- validity and dispatch -----------------------------------------------------------------


def test_1_a_zeroed_object_has_no_ops(system: System) -> None:
    assert zxio_get_ops(Storage(system).io) is None


def test_2_init_puts_the_table_in(system: System) -> None:
    io, ops = Storage(system).io, Ops()
    zxio_init(io, ops)
    assert zxio_get_ops(io) is ops


def test_3_close_gives_the_operation_s_result(system: System) -> None:
    io = Storage(system).io
    closed: list[Zxio] = []
    zxio_init(io, Ops(close=closed.append))
    assert zxio_close(io) == OK
    assert closed == [io]


def test_4_a_second_close_finds_nothing(system: System) -> None:
    io = default_object(system)
    assert [zxio_close(io), zxio_close(io)] == [OK, BAD_HANDLE]


def test_7_every_call_on_nothing_is_a_bad_handle() -> None:
    for call in (zxio_close, zxio_sync):
        assert call(None) == BAD_HANDLE
    for getter in (zxio_release, zxio_borrow, zxio_clone, zxio_flags_get, zxio_token_get):
        assert getter(None) == (BAD_HANDLE, 0)
    assert zxio_seek(None, 0, 0) == (BAD_HANDLE, 0)
    assert zxio_isatty(None) == (BAD_HANDLE, False)
    assert zxio_attr_get(None)[0] == BAD_HANDLE
    assert zxio_watch_directory(None, None, 0) == BAD_HANDLE
    assert zxio_ioctl(None, 0, None) == (BAD_HANDLE, 0)


def test_8_wait_begin_of_nothing_is_handle_0(system: System) -> None:
    assert zxio_wait_begin(Storage(system).io, READABLE) == (0, 0)


def test_9_wait_end_of_nothing_is_no_signal(system: System) -> None:
    assert zxio_wait_end(Storage(system).io, 1) == 0


def test_11_without_a_handle_there_is_no_wait(system: System) -> None:
    assert zxio_wait_one(null_object(system), READABLE, FOREVER) == (NOT_SUPPORTED, 0)


def test_13_a_wait_that_times_out_observes_nothing(system: System) -> None:
    near, _ = pipes(system)
    assert zxio_wait_one(near, READABLE, 0) == (abi.ZX_ERR_TIMED_OUT, 0)


def test_14_one_buffer_is_a_vector_of_one(system: System) -> None:
    calls: list[object] = []

    def note(name: str) -> object:
        def operation(io: Zxio, *args: object) -> int:
            calls.append((name, *[list(a) if hasattr(a, "count") else a for a in args]))  # type: ignore[call-overload]
            return 0

        return operation

    io = Storage(system).io
    names = ("readv", "readv_at", "writev", "writev_at")
    zxio_init(io, Ops(**{name: note(name) for name in names}))  # type: ignore[arg-type]
    room = bytearray(3)
    zxio_read(io, room, 3, 1)
    zxio_read_at(io, 7, room, 3, 1)
    zxio_write(io, b"ab", 2, 0)
    zxio_write_at(io, 9, b"ab", 2, 0)
    assert [call[0] for call in calls] == list(names)  # type: ignore[index]
    assert [next(a for a in call if isinstance(a, list)) for call in calls] == [  # type: ignore[attr-defined]
        [(room, 3)],
        [(room, 3)],
        [(b"ab", 2)],
        [(b"ab", 2)],
    ]


def test_16_rename_consumes_the_token_of_a_closed_object(system: System) -> None:
    io, token = default_object(system), event(system)
    zxio_close(io)
    assert zxio_rename(io, b"a", 1, token, b"b", 1) == BAD_HANDLE
    assert not is_live(system, token)


def test_17_link_consumes_the_token_of_a_closed_object(system: System) -> None:
    io, token = default_object(system), event(system)
    zxio_close(io)
    assert zxio_link(io, b"a", 1, token, b"b", 1) == BAD_HANDLE
    assert not is_live(system, token)


def test_19_an_entry_needs_room_for_a_name(system: System) -> None:
    walk = DirentIterator()
    zxio_dirent_iterator_init(walk, default_object(system))
    assert zxio_dirent_iterator_next(walk, None) == INVALID_ARGS
    assert zxio_dirent_iterator_next(walk, Dirent(None)) == INVALID_ARGS
    assert zxio_dirent_iterator_next(walk, Dirent(bytearray(255))) == NOT_SUPPORTED


def test_20_the_iterator_s_object_is_judged_before_the_entry() -> None:
    assert zxio_dirent_iterator_next(DirentIterator(), None) == BAD_HANDLE


def test_21_the_end_of_no_walk_is_nothing(system: System) -> None:
    walk = DirentIterator()
    zxio_dirent_iterator_destroy(walk)
    io = default_object(system)
    zxio_dirent_iterator_init(walk, io)
    zxio_close(io)
    zxio_dirent_iterator_destroy(walk)
    assert walk.io is io


def test_22_only_getting_a_window_size_looks_for_places(system: System) -> None:
    # A place that is missing cannot be said in Python: a program of the suite does.
    io = default_object(system)
    assert zxio_get_window_size(io) == (NOT_SUPPORTED, 0, 0)
    assert zxio_set_window_size(io, 0, 0) == NOT_SUPPORTED


def test_23_origins_are_the_stream_s() -> None:
    ours = (
        constants.ZXIO_SEEK_ORIGIN_START,
        constants.ZXIO_SEEK_ORIGIN_CURRENT,
        constants.ZXIO_SEEK_ORIGIN_END,
    )
    assert ours == (
        abi.ZX_STREAM_SEEK_ORIGIN_START,
        abi.ZX_STREAM_SEEK_ORIGIN_CURRENT,
        abi.ZX_STREAM_SEEK_ORIGIN_END,
    )


def test_24_a_vmo_object_after_its_close(system: System) -> None:
    io = vmo_object(system)
    assert zxio_close(io) == OK
    assert zxio_read_at(io, 0, bytearray(4), 4, 0) == (BAD_HANDLE, 0)
    assert zxio_vmo_get(io, constants.ZXIO_VMO_READ) == (BAD_HANDLE, 0)


# ---- the default and the null object -------------------------------------------------------


def assert_has_nothing(io: Zxio, system: System) -> None:
    """What default and null object refuse alike: behaviours 25 to 46, 58, 64 and 253."""
    assert zxio_wait_one(io, READABLE, FOREVER) == (NOT_SUPPORTED, 0)
    assert zxio_clone(io) == (NOT_SUPPORTED, 0)
    assert zxio_borrow(io) == (NOT_SUPPORTED, 0)
    assert zxio_sync(io) == NOT_SUPPORTED
    assert zxio_attr_get(io) == (NOT_SUPPORTED, NodeAttributes())
    assert zxio_attr_set(io, NodeAttributes()) == NOT_SUPPORTED
    assert zxio_read_at(io, 0, bytearray(1), 1, 0) == (WRONG_TYPE, 0)
    assert zxio_write_at(io, 0, b"x", 1, 0) == (WRONG_TYPE, 0)
    assert zxio_seek(io, 0, 0) == (WRONG_TYPE, 0)
    assert zxio_truncate(io, 0) == NOT_SUPPORTED
    assert zxio_flags_get(io) == (NOT_SUPPORTED, 0)
    assert zxio_flags_set(io, 0) == NOT_SUPPORTED
    assert zxio_vmo_get_clone(io) == (NOT_SUPPORTED, 0)
    assert zxio_vmo_get_exact(io) == (NOT_SUPPORTED, 0)
    assert zxio_get_read_buffer_available(io) == (NOT_SUPPORTED, 0)
    assert zxio_open_async(io, 0, 0, b"", 0, 0) == NOT_SUPPORTED
    assert zxio_add_inotify_filter(io, b"", 0, 0, 0, 0) == NOT_SUPPORTED
    assert zxio_unlink(io, b"", 0, 0) == NOT_SUPPORTED
    assert zxio_rename(io, b"", 0, 0, b"", 0) == NOT_SUPPORTED
    assert zxio_link(io, b"", 0, 0, b"", 0) == NOT_SUPPORTED
    assert zxio_token_get(io) == (NOT_SUPPORTED, 0)
    assert zxio_get_window_size(io) == (NOT_SUPPORTED, 0, 0)
    assert zxio_set_window_size(io, 1, 1) == NOT_SUPPORTED
    assert zxio_watch_directory(io, None, 0) == NOT_SUPPORTED


def test_25_to_46_and_58_the_default_object_has_nothing(system: System) -> None:
    io = default_object(system)
    assert_has_nothing(io, system)
    assert read(io, 1) == (WRONG_TYPE, b"")
    assert write(io, b"x") == (WRONG_TYPE, 0)


def test_49_its_close_is_good(system: System) -> None:
    assert zxio_close(default_object(system)) == OK


def test_50_it_has_nothing_to_release(system: System) -> None:
    io = default_object(system)
    assert zxio_release(io) == (NOT_SUPPORTED, 0)
    assert zxio_close(io) == OK


def test_51_it_has_nothing_to_lend(system: System) -> None:
    assert zxio_borrow(default_object(system)) == (NOT_SUPPORTED, 0)


def test_52_it_is_no_terminal(system: System) -> None:
    assert zxio_isatty(default_object(system)) == (OK, False)


def test_54_its_shutdown_says_that_it_is_no_socket(system: System) -> None:
    assert zxio_shutdown(default_object(system), 1) == (OK, constants.ZXIO_ENOTSOCK)


def test_56_its_ioctl_says_that_it_is_no_terminal(system: System) -> None:
    assert zxio_ioctl(default_object(system), 0, None) == (OK, constants.ZXIO_ENOTTY)


def test_59_the_end_of_a_walk_takes_the_object_out(system: System) -> None:
    io, walk = default_object(system), DirentIterator()
    assert zxio_dirent_iterator_init(walk, io) == NOT_SUPPORTED
    assert walk.io is io
    zxio_dirent_iterator_destroy(walk)
    assert walk.io is None


def test_60_the_null_object_reads_nothing(system: System) -> None:
    assert read(null_object(system), 1024) == (OK, b"")


def test_61_the_null_object_swallows_everything(system: System) -> None:
    assert write(null_object(system), bytes(1024)) == (OK, 1024)


def test_63_64_otherwise_it_is_a_default_object(system: System) -> None:
    assert_has_nothing(null_object(system), system)


def test_65_it_has_nothing_to_release(system: System) -> None:
    io = null_object(system)
    assert zxio_release(io) == (NOT_SUPPORTED, 0)
    assert zxio_close(io) == OK


def test_68_it_takes_vectors_and_no_flags(system: System) -> None:
    io = null_object(system)
    assert zxio_readv(io, [(bytearray(0), 0), (bytearray(4), 4)], 0) == (OK, 0)
    assert read(io, 4, constants.ZXIO_PEEK) == (NOT_SUPPORTED, b"")
    assert write(io, b"x", constants.ZXIO_PEEK) == (NOT_SUPPORTED, 0)
