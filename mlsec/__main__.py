"""``mlsec`` and ``python -m mlsec``."""

import sys

from mlsec.core.imports import import_from_own_folders


def program() -> None:
    """Run as a process of its own; nothing else is imported before it is settled from where."""
    loaded = import_from_own_folders(sys.argv[1:])
    from mlsec.cli import main  # noqa: PLC0415 - see above

    main.program(loaded)


if __name__ == "__main__":
    program()
