"""The action of zxh_symbols.gni: ZXH STAMP LIBRARY OPTIONS, where the stamp tells success."""

import subprocess
import sys
from pathlib import Path

zxh, stamp, library, *options = sys.argv[1:]
status = subprocess.run([zxh, "symbols", "check", library, *options], check=False).returncode
if status == 0:
    Path(stamp).touch()
sys.exit(status)
