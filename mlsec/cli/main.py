"""The entry point: find the command, run it, turn every end into the right exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mlsec import __version__
from mlsec.cli import exits
from mlsec.core.imports import import_from_own_folders
from mlsec.core.startup import load_msgspec, look_for_cycles_rarely


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; raises only SystemExit, after ``--help``."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words in (["--version"], ["-V"]):
            return _print_version()
        load_msgspec()
        return _run(words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.BROKEN_PIPE
    except KeyboardInterrupt as stopped:
        return _interrupted(stopped)
    except Exception as error:  # noqa: BLE001 - the last resort, it says so and ends with 1
        return _failed_even_without_memory(error)


def program(foreign_modules: Sequence[str] = ()) -> NoReturn:
    """Run as a process of its own, which ends as soon as all is written.

    ``foreign_modules`` were imported from a folder that may be an attacker's before any of this
    ran.
    """
    foreign_modules = foreign_modules or import_from_own_folders(sys.argv[1:])
    from mlsec.cli import process

    process.open_streams()
    process.end_on_signals()
    look_for_cycles_rarely()
    try:
        code = _refuse(foreign_modules) if foreign_modules else main()
    except SystemExit as done:  # after --help
        code = done.code if isinstance(done.code, int) else 0
    process.leave(_flushed(code))


def _run(words: list[str]) -> int:
    from mlsec.cli import console
    from mlsec.cli.output_options import use_output
    from mlsec.cli.parser import build_parser

    console.speak()
    if not words:
        console.note(build_parser().format_help())
        return exits.BAD_INPUT
    args = build_parser(words[0]).parse_args(words)
    use_output(args)
    return int(args.run(args))


def _print_version() -> int:
    try:
        sys.stdout.write(f"mlsec {__version__}\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        from mlsec.cli import console

        raise console.lost_output(error) from None
    return exits.CLEAN


def _flushed(code: int) -> int:
    """Write what of the output still waits; output that is lost is an error, whatever it said."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return exits.BROKEN_PIPE
    except OSError as error:
        from mlsec.cli import console

        lost = console.lost_output(error)
        console.error(f"{lost.location}: {lost.message}", lost.hint)
        return exits.BAD_INPUT
    return code


def _failed_even_without_memory(error: Exception) -> int:
    if isinstance(error, MemoryError):
        error.__traceback__ = None  # it holds what the command held
    try:
        return _failed(error)
    except MemoryError:  # not even for the modules that say it well
        os.write(2, b"error: there is not enough memory\n")
        os.write(2, b"  = help: raise the limit (ulimit -v, the container's memory)\n")
        return exits.BAD_INPUT


def _failed(error: Exception) -> int:
    from mlsec.cli import console
    from mlsec.cli.host_errors import sentence_of
    from mlsec.core.errors import MlsecError, UsageError
    from mlsec.core.sanitize import visible

    said = error if isinstance(error, MlsecError) else sentence_of(error)
    if said is None:
        return _crashed(error)
    if said is not error:
        _trace(error)
        error.__traceback__ = None
        console.error_of_host(said)
        return exits.BAD_INPUT
    where = f"{visible(said.location)}: " if said.location else ""
    if isinstance(said, UsageError):
        is_answered = said.message.endswith("?") or not said.hint
        console.error(f"{where}{said.message}{'' if is_answered else f'; {said.hint}'}")
    else:
        console.error(f"{where}{said.message}", said.hint)
    return exits.BAD_INPUT


def _interrupted(stopped: KeyboardInterrupt) -> int:
    import signal

    from mlsec.cli import console, process

    number = process.signal_received()
    by = f" by {signal.Signals(number).name}" if number else ""
    console.error(f"interrupted{by}", str(stopped))
    return 128 + number if number else exits.INTERRUPTED


def _refuse(modules: Sequence[str]) -> int:
    from mlsec.cli import console

    console.error(
        f"Python imported {', '.join(modules)} from the current folder or one that is scanned,"
        " so code of others is running already",
        "take such folders out of PYTHONPATH, or run: python -I -m mlsec",
    )
    return exits.BAD_INPUT


def _crashed(crash: Exception) -> int:
    import traceback

    from mlsec.cli import console

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
