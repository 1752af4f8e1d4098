"""zx_fifo_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.fifo import Fifo


def zx_fifo_create(
    c: Caller, elem_count: int, elem_size: int, options: int, out0: Pointer, out1: Pointer
) -> int:
    """Make a fifo; nobody ever looks at its options."""
    c.check_policy(abi.ZX_POL_NEW_FIFO)
    if not elem_count or not elem_size or elem_count * elem_size > abi.ZX_FIFO_MAX_SIZE_BYTES:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    first, second = Fifo.create(c.kernel, elem_count, elem_size)
    c.give((out0, first), (out1, second))
    return abi.ZX_OK


def zx_fifo_write(
    c: Caller, handle: int, elem_size: int, data: Pointer, count: int, actual_count: Pointer
) -> int:
    """Write elements, as many as there is room for."""
    fifo = c.get(handle, Fifo, abi.ZX_RIGHT_WRITE)
    if fifo.peer is None:
        raise ZxError(abi.ZX_ERR_PEER_CLOSED)
    fifo.check_request(elem_size, count)  # OUT_OF_RANGE
    count = min(count, fifo.room())  # SHOULD_WAIT
    fifo.write(c.read(data, count * elem_size))
    if actual_count != 0:
        c.write_u64(actual_count, count)
    return abi.ZX_OK


def zx_fifo_read(
    c: Caller, handle: int, elem_size: int, data: Pointer, data_size: int, actual_count: Pointer
) -> int:
    """Read elements; *data_size* counts them."""
    fifo = c.get(handle, Fifo, abi.ZX_RIGHT_READ)
    fifo.check_request(elem_size, data_size)  # OUT_OF_RANGE
    elements = fifo.head(data_size)  # PEER_CLOSED, SHOULD_WAIT
    c.write(data, elements)
    fifo.consume(len(elements))
    if actual_count != 0:
        c.write_u64(actual_count, len(elements) // elem_size)
    return abi.ZX_OK
