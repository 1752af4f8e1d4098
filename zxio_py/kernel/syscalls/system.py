"""zx_system_get_*, zx_status_get_string, zx_cprng_*, zx_cache_flush."""

from os import urandom

from zxio_py import abi
from zxio_py.kernel import vdso
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import MACHINE_MEMORY

_FLUSHES = (
    abi.ZX_CACHE_FLUSH_INSN,
    abi.ZX_CACHE_FLUSH_DATA,
    abi.ZX_CACHE_FLUSH_INSN | abi.ZX_CACHE_FLUSH_DATA,
    abi.ZX_CACHE_FLUSH_DATA | abi.ZX_CACHE_FLUSH_INVALIDATE,
    abi.ZX_CACHE_FLUSH_INSN | abi.ZX_CACHE_FLUSH_DATA | abi.ZX_CACHE_FLUSH_INVALIDATE,
)


def zx_system_get_dcache_line_size(c: Caller) -> int:
    """Bytes in a line of the data cache."""
    return 64


def zx_system_get_num_cpus(c: Caller) -> int:
    """Processors of the machine."""
    return 1


def zx_system_get_page_size(c: Caller) -> int:
    """Bytes in a page."""
    return abi.ZX_PAGE_SIZE


def zx_system_get_physmem(c: Caller) -> int:
    """Bytes of memory in the machine."""
    return MACHINE_MEMORY


def zx_system_get_version_string(c: Caller) -> int:
    """Where the version of the system is, in the vDSO."""
    return c.process.vdso_base + vdso.VERSION_OFFSET


def zx_system_get_features(c: Caller, kind: int, features: Pointer) -> int:
    """Features of the processor that programs may use."""
    if kind not in vdso.FEATURES:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    c.user_store(features, vdso.FEATURES[kind].to_bytes(4, "little"))
    return abi.ZX_OK


def zx_cache_flush(c: Caller, addr: Pointer, size: int, options: int) -> int:
    """Write cached data back: nothing to do, but the options are judged."""
    if options not in _FLUSHES:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return abi.ZX_OK


def zx_status_get_string(c: Caller, status: int) -> int:
    """Where the name of a status is, in the vDSO."""
    return c.process.vdso_base + vdso.status_offset(status)


def zx_cprng_draw(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """Fill a buffer with random bytes, so many at a time as the vDSO draws."""
    for at in range(0, buffer_size, abi.ZX_CPRNG_DRAW_MAX_LEN):
        size = min(buffer_size - at, abi.ZX_CPRNG_DRAW_MAX_LEN)
        c.user_store(buffer, urandom(size), at)
    return abi.ZX_OK


def zx_cprng_draw_once(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """The vDSO's way to ask for at most 256 of them."""
    if buffer_size > abi.ZX_CPRNG_DRAW_MAX_LEN:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.write(buffer, urandom(buffer_size))
    return abi.ZX_OK


def zx_cprng_add_entropy(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """Contribute to the randomness; the host's generator needs none."""
    if buffer_size > abi.ZX_CPRNG_ADD_ENTROPY_MAX_LEN:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.read(buffer, buffer_size)
    return abi.ZX_OK
