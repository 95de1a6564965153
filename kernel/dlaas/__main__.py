"""`python -m dlaas` is the command `dlaas`."""

import sys

from dlaas.cli import main

sys.exit(main())
