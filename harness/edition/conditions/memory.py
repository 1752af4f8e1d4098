"""VMOs, regions and mappings, and the machine."""

from __future__ import annotations

from typing import Final

from harness.compare import Difference
from harness.edition.conditions.registry import condition
from harness.edition.view import StepView
from harness.program.model import Buffer, Number, StoredValue
from zxio_py import abi

_SPECIFIC: Final = abi.CONSTANTS["ZX_VM_SPECIFIC"]


@condition
def copy_of_parent(view: StepView, difference: Difference) -> bool:
    """The program has made a copy of a VMO and writes after that."""
    return _after_a_copy(view, ("zx_vmo_write", "zx_vmo_op_range", "$store"))


@condition
def decommits_copy(view: StepView, difference: Difference) -> bool:
    """The operation is DECOMMIT, and the program has made a copy of a VMO."""
    decommits = view.number_of(1) == abi.CONSTANTS["ZX_VMO_OP_DECOMMIT"]
    return decommits and _after_a_copy(view, ("zx_vmo_op_range",))


@condition
def resized_copy(view: StepView, difference: Difference) -> bool:
    """The program has made a copy of a VMO and changes sizes after that."""
    return _after_a_copy(view, ("zx_vmo_set_size",))


def _after_a_copy(view: StepView, calls: tuple[str, ...]) -> bool:
    made = found = False
    for step in view.program.all_steps():
        made = made or step.call == "zx_vmo_create_child"
        found = found or (made and step.call in calls)
    return found


@condition
def overruns(view: StepView, difference: Difference) -> bool:
    """More is read than fits into the buffer."""
    buffer, size = view.arg(1), view.number_of(3)
    return isinstance(buffer, Buffer) and size is not None and size > buffer.size


@condition
def invalidates(view: StepView, difference: Difference) -> bool:
    """Drops cache lines without writing them back."""
    return view.number_of(1) == abi.CONSTANTS["ZX_VMO_OP_CACHE_INVALIDATE"]


@condition
def region_in_region(view: StepView, difference: Difference) -> bool:
    """The handle to the region lacks OP_CHILDREN in 2022."""
    return view.lacks(0, "OP_CHILDREN", edition=False)


@condition
def no_place_for_address(view: StepView, difference: Difference) -> bool:
    """The region's handle has a place, its address has none."""
    return view.is_bad_pointer(5)


@condition
def mapping_permissions(view: StepView, difference: Difference) -> bool:
    """Options of a mapping, READ, WRITE or EXECUTE."""
    value = view.number_of(1)
    return value is not None and value & 7 != 0


@condition
def depends_on_place(view: StepView, difference: Difference) -> bool:
    """Something lies in the region where the kernel chose, and the step counts on where."""
    chosen = any(
        step.call in ("zx_vmar_allocate", "zx_vmar_map")
        and len(step.args) > 1
        and isinstance(step.args[1], Number)
        and not step.args[1].x86_64 & _SPECIFIC
        for step in view.program.steps[: view.number]
    )
    beside = any(
        isinstance(arg, StoredValue) and _leaves_its_place(view, arg) for arg in view.step.args
    )
    return chosen and (beside or bool((view.number_of(1) or 0) & _SPECIFIC))


def _leaves_its_place(view: StepView, address: StoredValue) -> bool:
    """Whether a range from *address* on is not all inside what the address is the start of."""
    length = view.number_of(2 if view.step.call == "zx_vmar_unmap" else 3) or 0
    for step in view.program.steps[: view.number]:
        place = {"zx_vmar_allocate": 3, "zx_vmar_map": 5}.get(step.call)
        made = [arg.name for arg in step.args if isinstance(arg, Buffer)]
        size = step.args[place] if place is not None and place < len(step.args) else None
        if address.buffer in made and isinstance(size, Number):
            end = address.add + length
            return address.add < 0 or end > -(-size.x86_64 // 4096) * 4096
    return False


@condition
def mapped_range(view: StepView, difference: Difference) -> bool:
    """MAP_RANGE from elsewhere than the start of the VMO."""
    return bool((view.number_of(1) or 0) & 0x400) and view.number_of(4) != 0


@condition
def cpu_features(view: StepView, difference: Difference) -> bool:
    """The features of the CPU."""
    return view.number_of(0) == 0
