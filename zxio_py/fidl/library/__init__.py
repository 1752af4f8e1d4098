"""The protocols that zxio speaks, as of late 2022, one module per FIDL library.

Classes are FIDL's types under their names, constants in capitals are protocols.  Symbolic links,
which 2023 added without changing older messages, are there as well.
"""
