"""Run the command line: `python -m categorizer`."""

import sys

from categorizer.cli import main

sys.exit(main())
