"""The sanitized kernels find the mistakes they are built to find, and say where."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.build.images import build
from harness.machine import image
from harness.machine.machine import Machine, MachineLost

#: By mistake (``guest/kernel/sanitize/self_test.c``): what the panic says, and a function in its
#: backtrace; where the mistake shows only later, the function that finds it.
MISTAKES = {
    "overflow": ("signed integer overflow in an addition", "overflow"),
    "shift": ("shift out of bounds", "shift"),
    "out-of-bounds": ("index out of bounds", "out_of_bounds"),
    "divide": ("division by zero, or overflow in a division", "divide"),
    "overwrite-stack-frame": ("a stack frame was overwritten", "overwrite_stack_frame"),
    "write-behind": ("written behind a piece of 40 bytes", "write_behind"),
    "free-twice": ("a piece of 40 bytes at .* is freed twice", "free_twice"),
    "write-after-free": ("40 bytes at .* was written to after it was freed: byte 8", "kfree"),
    "write-to-free-page": ("the free page at .* was written to: byte 0 is 0x1", "pmm_alloc"),
    "free-page-twice": ("assertion failed: .*free_bits", "free_page_twice"),
    "use-dead-object": ("assertion failed: .*references", "use_dead_object"),
}


@pytest.fixture(scope="module", autouse=True)
def sanitized_images() -> None:
    """Both sanitized images, built now if they are not there."""
    build(sanitize=True)


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(arch: str, mistake: str) -> None:
    message, function = MISTAKES[mistake]
    described = image.load(f"{arch}-sanitize")
    with (
        Machine(replace(described, command_line=f"mistake={mistake}")) as machine,
        pytest.raises(MachineLost, match=message) as lost,
    ):
        machine.wait_ready()
    frames = [line for line in lost.value.failure.backtrace if re.search(rf"\b{function}\b", line)]
    assert frames, lost.value.failure.backtrace
    assert re.search(r"guest/kernel/\S+\.c:[1-9]\d*$", frames[0])
