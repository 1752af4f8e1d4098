"""What libraries import and export, held against what they may.

`elf` reads the symbols of a file and fails closed; `allowlist`, `interface` and `version_script`
read the lists; `scan` looks for system calls that bypass them; `check` puts it all together.

Nothing is imported here: reading a library must not load what only a check needs.
"""
