"""Conformance cases of FIDL, run against the codec of `zxio_py.fidl`."""
