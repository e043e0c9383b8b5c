"""``mlsec`` and ``python -m mlsec``."""

import sys

from mlsec.core.imports import import_from_own_folders

_NO_WINDOWS = (
    "mlsec does not run on Windows itself: run it in WSL or from its container image"
    " (the Containerfile of its repository)\n"
)


def program() -> None:
    """Run as a process of its own; nothing else is imported before it is settled from where."""
    if sys.platform == "win32":  # before anything asks for a module or call that is not there
        sys.stderr.write(_NO_WINDOWS)
        sys.exit(2)
    loaded = import_from_own_folders(sys.argv[1:])
    from mlsec.cli import main  # noqa: PLC0415 - see above

    main.program(loaded)


if __name__ == "__main__":
    program()
