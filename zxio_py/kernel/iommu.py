"""IOMMUs: the machine has none, so there is only the dummy, which knows every device."""

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher


class Iommu(Dispatcher):
    """A dummy IOMMU."""

    __slots__ = ()

    TYPE = abi.ZX_OBJ_TYPE_IOMMU
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_IOMMU_RIGHTS
    WAITABLE = False
