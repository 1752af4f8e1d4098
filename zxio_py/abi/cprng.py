"""The random number generator."""

from zxio_py.abi.model import Call, Param

# Limits and distinguished values.
ZX_CPRNG_DRAW_MAX_LEN = 256
ZX_CPRNG_ADD_ENTROPY_MAX_LEN = 256

_CALLS = (
    Call(
        "zx_cprng_add_entropy",
        "zx_status_t",
        (
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        errors=("INVALID_ARGS",),
        category="entropy",
    ),
    Call(
        "zx_cprng_draw",
        "void",
        (
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"vdsocall"}),
        category="entropy",
        note="vDSO code: loops over cprng_draw_once in chunks of at most 256 bytes; any failure aborts the process",
    ),
    Call(
        "zx_cprng_draw_once",
        "zx_status_t",
        (
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"internal"}),
        category="entropy",
    ),
)
