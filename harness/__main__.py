"""``python -m harness`` is ``zxh``."""

import sys

from harness.cli import main

sys.exit(main())
