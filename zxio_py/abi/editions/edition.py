"""What an edition of the interface is: which functions there are and what their numbers mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zxio_py import abi
from zxio_py.abi.model import Call, Struct


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """One edition of the system interface."""

    #: As in the ``edition`` of exchange files.
    name: str
    #: For people: "May 2018".
    title: str
    #: Every function by name, with this edition's signature.
    calls: Mapping[str, Call]
    #: Functions that late 2022 does not have.
    gone: tuple[str, ...] = ()
    #: Constants that late 2022 has with another value, or not at all.
    constants: Mapping[str, int] = field(default_factory=dict)
    #: Every record by name, with this edition's layout.
    structs: Mapping[str, Struct] = field(default_factory=dict)
    #: Topics of zx_object_get_info, and properties, that there are.
    topics: frozenset[int] = frozenset()
    properties: frozenset[int] = frozenset()
    #: C types of another kind than in late 2022: (size in bytes, signed).
    scalar_types: Mapping[str, tuple[int, bool]] = field(default_factory=dict)

    def has(self, call: str) -> bool:
        """Whether the vDSO of this edition exports a function of this name."""
        function = self.calls.get(call)
        return function is not None and function.exported

    def constant(self, name: str) -> int:
        """The value of a constant; KeyError if the edition has none of this name."""
        value = self.constants.get(name)
        return abi.CONSTANTS[name] if value is None else value

    def default_rights(self, object_type: str) -> int:
        """Rights of a new handle to an object of *object_type* ("CHANNEL"), 0 if unknown."""
        name = "LOG" if object_type == "DEBUGLOG" else object_type
        constant = f"ZX_DEFAULT_{name}_RIGHTS"
        value = self.constants.get(constant)
        return abi.CONSTANTS.get(constant, 0) if value is None else value
