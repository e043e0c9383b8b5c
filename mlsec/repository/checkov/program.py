"""Finds checkov and runs it on copies of the code, with nothing of the repository's to obey."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.programs import USUAL_PATH, find_program, refusal_of

TIMEOUT_S = 900.0
MAX_OUTPUT_BYTES = 256 * 1024 * 1024
TRIED = "3.2 and 3.3"
_TRIED = re.compile(r"3\.[23](?:\.\d+)*")
VARIABLE = "MLSEC_CHECKOV"
# helm and kustomize are left out: for those checkov starts further programs.
FRAMEWORKS = (
    "terraform", "terraform_plan", "cloudformation", "arm", "bicep", "kubernetes", "dockerfile",
)  # fmt: skip


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Where checkov lies; ``version`` is "" where that is not known without starting it."""

    path: str
    version: str = ""


class ProgramFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no output."""

    reason: GapReason
    detail: str


def find_checkov(named: str = "") -> Program:
    """Find it: as named, by MLSEC_CHECKOV, in .venv-checkov beside our environment, or on PATH.

    Raises:
        MlsecError: it is not there, in a place where others may have put it, or its version has
            not been tried.
    """
    hint = "uv tool install checkov, pipx install checkov, or --checkov PATH"
    named = named or os.environ.get(VARIABLE, "")
    beside = Path(sys.prefix).parent / ".venv-checkov" / "bin" / "checkov"
    if not named and beside.is_file() and not refusal_of(beside):
        named = str(beside)
    path = str(Path(named).absolute()) if named else find_program("checkov", hint)
    if not os.access(path, os.X_OK) or not Path(path).is_file():
        raise MlsecError(f'checkov was not found at "{path}"', hint=hint)
    refused = refusal_of(Path(path))
    if refused:
        raise MlsecError(f'the checkov at "{path}" {refused}, so it is not run', hint=hint)
    program = Program(path=path, version=_installed(Path(path)))
    if program.version:
        check_version(program.version)
    return program


def check_version(version: str) -> None:
    """Refuse a checkov that nobody has tried with us.

    Raises:
        MlsecError: it is another than 3.2 or 3.3.
    """
    if not _TRIED.fullmatch(version):
        raise MlsecError(f'checkov "{version[:40]}" has not been tried', hint=f"use {TRIED}")


def _installed(path: Path) -> str:
    """Read the version from the environment that the program lies in."""
    folder = path.resolve().parent.parent
    result = sorted(folder.glob("lib/python3*/site-packages/checkov-*.dist-info"))
    return result[0].name.removeprefix("checkov-").removesuffix(".dist-info") if result else ""


def run_checkov(
    program: Program, files: Iterable[tuple[str, bytes]]
) -> tuple[bytes, str] | ProgramFailure:
    """Run it over files (path from the target, bytes) that are written to a folder of their own.

    A repository's own .checkov.yaml can name Python code to load, so checkov never sees the
    repository: only copies of code, in a folder, home and environment that are otherwise empty.

    Returns:
        What it printed, and the folder that its absolute paths begin with.
    """
    with tempfile.TemporaryDirectory(prefix="mlsec-checkov-") as scratch:
        folder = Path(scratch) / "code"
        home = Path(scratch) / "home"
        for item in (folder, home):
            item.mkdir()
        for name, body in files:
            place = folder / name
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(body)
            except OSError as error:
                detail = f"a file could not be copied for checkov: {error.strerror}"
                return ProgramFailure(reason=GapReason.UNRESOLVED, detail=detail)
        command = [
            program.path, "--directory", str(folder), "--output", "json", "--compact",
            "--skip-download", "--download-external-modules", "false", "--soft-fail",
            "--framework", *FRAMEWORKS,
        ]  # fmt: skip
        done = _run(command, home, _environment(home, program))
        return done if isinstance(done, ProgramFailure) else (done, str(folder))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> bytes | ProgramFailure:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - the path was named by the user
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            _end(process)

        timer = threading.Timer(TIMEOUT_S, stop)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
            with process.stdout as speech:
                body = speech.read(MAX_OUTPUT_BYTES + 1)
            if len(body) > MAX_OUTPUT_BYTES:
                _end(process)
            code = process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                _end(process)
        said.seek(0)
        words = said.read(400).decode("utf-8", "replace").split("\n")[0]
    if late.is_set():
        return ProgramFailure(
            reason=GapReason.TIMEOUT, detail=f"it took longer than {TIMEOUT_S:.0f} s"
        )
    if len(body) > MAX_OUTPUT_BYTES:
        detail = f"it printed more than {MAX_OUTPUT_BYTES:,} bytes"
        return ProgramFailure(reason=GapReason.OVER_LIMIT, detail=detail)
    if code:
        return ProgramFailure(reason=GapReason.UNRESOLVED, detail=f"it ended with {code}: {words}")
    return body


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()


def _environment(home: Path, program: Program) -> dict[str, str]:
    """No key of a platform, no settings of Python, and a proxy where nobody listens."""
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": f"{Path(program.path).parent}:{USUAL_PATH}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "LOG_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONSAFEPATH": "1",
        # Its own defaults pass over hidden folders without a word.
        "CKV_IGNORE_HIDDEN_DIRECTORIES": "False",
        "CKV_IGNORED_DIRECTORIES": "mlsec-leaves-out-none",
        **dict.fromkeys(
            ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), nowhere
        ),
    }
