"""The only place that prints: reports to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

# A guess at what is left takes this long to be worth something.
_LEAST_S = 2.0
_CLEAR_LINE = "\r\x1b[2K"
COLOURS = ("auto", "always", "never")


class _Voice:
    """How much is said, and in which colours: one for the process, set by each command line."""

    colour = "auto"
    is_quiet = False
    is_verbose = False


_voice = _Voice()


def speak(*, colour: str = "auto", is_quiet: bool = False, is_verbose: bool = False) -> None:
    """Set how much is said from here on; errors always are."""
    _voice.colour, _voice.is_quiet, _voice.is_verbose = colour, is_quiet, is_verbose


def is_quiet() -> bool:
    """Whether nothing is to be said beside the report."""
    return _voice.is_quiet


def is_verbose() -> bool:
    """Whether more is to be said than usual."""
    return _voice.is_verbose


def out(text: str) -> None:
    """Write a report or an answer to stdout, ending with one newline."""
    write_bytes((text if text.endswith("\n") else text + "\n").encode("utf-8", "replace"))


def path(file: Path) -> None:
    """Write a path to stdout: to a terminal as it can be shown, else byte for byte."""
    name = str(file)
    write_bytes((visible(name).encode() if width_chars() else os.fsencode(name)) + b"\n")


def write_bytes(payload: bytes) -> None:
    """Write a rendered report to stdout as it is.

    Raises:
        MlsecError: stdout is closed, or its disk is full.
        BrokenPipeError: who read it has left.
    """
    try:
        sys.stdout.flush()
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:
            sys.stdout.write(payload.decode("utf-8", "replace"))
        else:
            stream.write(payload)
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise lost_output(error) from None


def lost_output(error: OSError) -> MlsecError:
    """Say that the output could not be written, and make the rest of it go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    reason = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
    return MlsecError(
        f"the output cannot be written: {reason}",
        hint="send it to a file or a terminal; a scan writes reports into a folder with -o",
        location="stdout",
    )


def note(text: str) -> None:
    """Say something beside the report, on stderr; where nobody can hear it, that is no error."""
    if _voice.is_quiet:
        return
    with contextlib.suppress(OSError):
        print(visible_lines(text), file=sys.stderr, flush=True)


def detail(text: str) -> None:
    """Say what only who asks for more wants to know."""
    if _voice.is_verbose:
        note(text)


def ask(question: str, proposal: str) -> str:
    """Ask a person on stderr; an empty answer takes the proposal."""
    print(f"{visible_lines(question)} [{visible(proposal)}] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or proposal


def error(text: str, hint: str = "") -> None:
    """Say what went wrong and what to do, on stderr; the exit code says it where that is closed."""
    _print_error(visible_lines(text), visible_lines(hint))


def error_of_host(lack: MlsecError) -> None:
    """Say what the machine lacks; it may lack what looking for secrets in a sentence takes."""
    where = f"{visible(lack.location)}: " if lack.location else ""
    _print_error(f"{where}{lack.message}", lack.hint)


def _print_error(text: str, hint: str) -> None:
    mark = "\x1b[1;31merror\x1b[0m" if has_colour(sys.stderr) else "error"
    with contextlib.suppress(OSError):
        print(f"{mark}: {text}", file=sys.stderr, flush=True)
        if hint:
            print(f"  = help: {hint}", file=sys.stderr, flush=True)


def visible_lines(text: str) -> str:
    """Make foreign text harmless, keeping line breaks; secrets of a known form go."""
    from mlsec.core.secret_forms import without_forms  # nothing is said by most commands

    return "\n".join(visible(line) for line in without_forms(text).split("\n"))


def has_colour(stream: object) -> bool:
    """Whether to colour: as --color says, else NO_COLOR, else FORCE_COLOR, else on a terminal."""
    if _voice.colour != "auto":
        return _voice.colour == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "0") not in ("", "0") or _is_lively(stream)


def _is_lively(stream: object) -> bool:
    """Whether a line can be written over: on a terminal that is read by a person."""
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return bool(is_terminal and not os.environ.get("CI") and os.environ.get("TERM") != "dumb")


class Progress:
    """One status line on a terminal; on anything else a line every ten seconds.

    There a line that says nothing new comes every minute, as a sign of life.
    """

    def __init__(self) -> None:
        self._began_at = time.monotonic()
        self._live = _is_lively(sys.stderr) and not os.environ.get("NO_COLOR") and not is_quiet()
        self._last_at = time.monotonic()
        self._said: tuple[str, int, int] = ("", 0, 0)
        self._of = 0
        self._since, self._before = self._last_at, 0

    def __call__(self, what: str, done: int = 0, total: int = 0) -> None:
        """Show what is being asked and how far it is; ``total`` 0 when not known."""
        now = time.monotonic()
        if total != self._of:  # another piece of work: what the last one took says nothing of it
            self._of, self._since, self._before = total, now, max(done - 1, 0)
        is_new = (what, done, total) != self._said
        if now - self._last_at < (0.1 if self._live else 10.0 if is_new else 60.0):
            return
        self._last_at, self._said = now, (what, done, total)
        line = f"{what}{_share(done, total, now - self._since, self._before)}"
        if self._live:
            self._show(visible(line, 100))
        else:
            note(line)

    def step(self, what: str) -> None:
        """Say how long a step took, to who asks for more."""
        now = time.monotonic()
        detail(f"{what} in {now - self._began_at:.1f} s")
        self._began_at = now

    def close(self) -> None:
        """Take the status line away."""
        if self._live:
            self._show("")

    def _show(self, line: str) -> None:
        with contextlib.suppress(OSError):
            print(_CLEAR_LINE + line, end="", file=sys.stderr, flush=True)


def _share(done: int, total: int, elapsed_s: float, before: int = 0) -> str:
    """Say how far a piece of work is; ``before``: what was done of it when the clock began."""
    if not total:
        return f"  {done}" if done else ""
    is_known = elapsed_s >= _LEAST_S and done > before
    left_s = elapsed_s / (done - before) * (total - done) if is_known else 0.0
    ahead = f", about {left_s:.0f} s left" if left_s >= 1 else ""
    return f"  {done} of {total}{ahead}"


def width_chars() -> int:
    """How wide stdout's terminal is, or 0 when it is none."""
    if not getattr(sys.stdout, "isatty", lambda: False)():
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 0
