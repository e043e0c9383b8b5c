"""The entry point: find the command, run it, turn every end into the right exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mlsec import __version__
from mlsec.core.startup import load_msgspec, look_for_cycles_rarely


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; raises only SystemExit, after ``--help``."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"mlsec {__version__}\n")
        return 0
    from mlsec.cli import console, exits
    from mlsec.cli.parser import build_parser
    from mlsec.core.errors import MlsecError

    load_msgspec()
    try:
        if not words:
            console.note(build_parser().format_help())
            return exits.BAD_INPUT
        args = build_parser(words[0]).parse_args(words)
        return int(args.run(args))
    except MlsecError as failed:
        where = f"{failed.location}: " if failed.location else ""
        console.error(f"{where}{failed.message}", failed.hint)
        return exits.BAD_INPUT
    except KeyboardInterrupt as stopped:
        console.error("interrupted", str(stopped))
        return exits.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.BROKEN_PIPE
    except OSError as failed:
        if failed.filename is None:
            return _crashed(failed)
        _trace(failed)
        console.error(f"{failed.filename}: {failed.strerror}", "check the path and its rights")
        return exits.BAD_INPUT
    except Exception as crash:  # noqa: BLE001 - the last resort, it says so and ends with 1
        return _crashed(crash)


def program() -> NoReturn:
    """Run as a process of its own, which ends as soon as all is written.

    To take apart what a scan holds, object by object, is work for nobody.
    """
    look_for_cycles_rarely()
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # Python tries again and says it
    os._exit(code)


def _crashed(crash: Exception) -> int:
    import traceback

    from mlsec.cli import console, exits

    _trace(crash)
    last = traceback.extract_tb(crash.__traceback__)[-1]
    console.error(
        f"mlsec crashed: {type(crash).__name__}: {crash} ({last.name}, line {last.lineno})",
        "this is a bug of ours; run again with MLSEC_DEBUG=1 and report what it prints",
    )
    return exits.CRASH


def _trace(error: Exception) -> None:
    if os.environ.get("MLSEC_DEBUG"):
        import traceback

        from mlsec.cli import console

        console.note("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    program()
