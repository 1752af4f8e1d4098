"""Editions of the system interface: the one everything here is written in, and older ones.

`zxio_py.abi` defines late 2022.  An edition beside it is written down as its differences; a
kernel of such an edition is spoken to in its own calls (`harness.edition`).
"""

from collections.abc import Mapping

from zxio_py import abi
from zxio_py.abi.editions.edition import Edition
from zxio_py.abi.editions.edition_2018 import EDITION_2018

EDITION_2022 = Edition(
    name="2022",
    title="late 2022",
    calls=abi.CALLS,
    structs=abi.STRUCTS,
    topics=frozenset(abi.TOPICS_BY_VALUE),
    properties=frozenset(
        value for name, value in abi.CONSTANTS.items() if name.startswith("ZX_PROP_")
    ),
)

EDITIONS: Mapping[str, Edition] = {
    edition.name: edition for edition in (EDITION_2018, EDITION_2022)
}

__all__ = ["EDITIONS", "EDITION_2018", "EDITION_2022", "Edition", "calls_of"]


def calls_of(edition: str) -> frozenset[str]:
    """Names of the functions that the vDSO of *edition* exports; KeyError if it is unknown."""
    return frozenset(name for name, call in EDITIONS[edition].calls.items() if call.exported)
