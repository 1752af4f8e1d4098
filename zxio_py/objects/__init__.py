"""zxio for Python programs: objects with methods, exceptions, files and coroutines.

The functions with C names are in `zxio_py.zxio`; these are the same operations said in Python.  A
failing status is raised as `ZxError`, an errno that a socket call reports as `OSError`.

    with Client() as client:
        near, far = client.pipe()
        near.write(b"one line\\n")
        near.close()
        with far.open("r") as file:
            print(file.read())
"""

from zxio_py.kernel.errors import ZxError
from zxio_py.objects.asynchronous import Reactor
from zxio_py.objects.client import Client
from zxio_py.objects.directory import Directory, DirectoryEntry, WatchEvent
from zxio_py.objects.file import ObjectFile
from zxio_py.objects.flags import Abilities, Protocols, Signals, VmoFlags
from zxio_py.objects.object import Object

__all__ = [
    "Abilities",
    "Client",
    "Directory",
    "DirectoryEntry",
    "Object",
    "ObjectFile",
    "Protocols",
    "Reactor",
    "Signals",
    "VmoFlags",
    "WatchEvent",
    "ZxError",
]
