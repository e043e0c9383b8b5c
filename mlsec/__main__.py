"""``python -m mlsec``."""

import sys

from mlsec.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
