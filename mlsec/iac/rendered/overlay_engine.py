"""Builds kustomizations by the program kustomize, which can read copies of their files alone."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import msgspec

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.how_it_ended import how_it_ended
from mlsec.core.errors import MlsecError
from mlsec.core.programs import find_program

LIMITS = Limits(cpu_s=10.0, wall_s=30.0, memory_bytes=1 << 30)
MAX_BYTES = 32 << 20
INSTALL = "install kustomize (Debian and Ubuntu: apt-get install kustomize)"
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from mlsec.core.startup import load_msgspec; load_msgspec(); "
    "from mlsec.iac.rendered.overlay_child import main; main()"
)
_WAY = "must resolve to a file': "
_MOST_SAID = 64 << 10
_NOBODY = 65534
# Most runs end before they need this much; the others collect garbage from there on.
_ENVIRONMENT = {"GOGC": "off", "GOMEMLIMIT": "200MiB"}


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What kustomize printed, or why it printed nothing."""

    text: str = ""
    problem: str = ""
    is_too_much: bool = False


class OverlayEngine:
    """A private folder with copies of files, and kustomize run in it.

    Raises:
        MlsecError: kustomize is not installed.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._program = find_program("kustomize", INSTALL)
        self._folder = ""
        self._runs = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="mlsec-kustomize-")
        if os.geteuid() == 0:  # it is run as nobody
            os.chown(self._folder, _NOBODY, _NOBODY)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def put(self, path: str, body: bytes) -> None:
        """Copy a file of the target in, under its path."""
        place = Path(self._folder, "tree", path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)

    def build(self, folder: str) -> Built:
        """Build the kustomization of a folder; what it prints says from which file each object is.

        Raises:
            MlsecError: no process can be started.
        """
        self._runs += 1
        place = Path(self._folder, "build", str(self._runs))
        place.mkdir(parents=True)
        above = json.dumps(f"../../tree/{folder}".rstrip("/"))
        text = f"resources: [{above}]\nbuildMetadata: [originAnnotations]\n"
        (place / "kustomization.yaml").write_text(text, "utf-8")
        return self._run(f"build/{self._runs}")

    def _run(self, place: str) -> Built:
        paths = json.dumps([os.path.abspath(path) for path in sys.path])  # noqa: PTH100
        limits = json.dumps(msgspec.structs.asdict(self._limits))
        words = [paths, self._program, self._folder, place, limits]
        try:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                [sys.executable, "-I", "-S", "-B", "-c", _START, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise MlsecError(f"cannot start kustomize: {error.strerror}") from None
        with process:
            try:
                return self._result(process)
            finally:
                process.kill()

    def _result(self, process: subprocess.Popen[bytes]) -> Built:
        output, said, is_late = _read(process, time.monotonic() + self._limits.wall_s)
        if len(output) > MAX_BYTES:
            return Built(problem=f"becomes more than {MAX_BYTES >> 20} MiB", is_too_much=True)
        if is_late:
            return Built(problem=f"takes more than {self._limits.cpu_s:g} s", is_too_much=True)
        code = process.wait()
        if code == 0:
            return Built(text=output.decode("utf-8", "replace"))
        _, mark, error = said.decode("utf-8", "replace").rpartition("Error: ")
        if mark:
            # What it says first is the way to the file that is at fault.
            cause = " ".join(error.rpartition(_WAY)[2].split())
            return Built(problem=cause.replace(self._folder, "").replace("/tree/", ""))
        how, timed_out = how_it_ended(code)
        memory = f"{self._limits.memory_bytes >> 30} GiB"
        return Built(
            problem=f"cannot be built in {self._limits.cpu_s:g} s and {memory} of memory:"
            f" kustomize {how}",
            is_too_much=timed_out or code != 1,
        )


def _read(process: subprocess.Popen[bytes], deadline_s: float) -> tuple[bytes, bytes, bool]:
    """Read both outputs up to a limit each and a deadline; says whether that was met."""
    kept = {"stdout": bytearray(), "stderr": bytearray()}
    with selectors.DefaultSelector() as ready:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                ready.register(pipe, selectors.EVENT_READ, name)
        while ready.get_map():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return bytes(kept["stdout"]), bytes(kept["stderr"]), True
            for key, _ in ready.select(left_s):
                piece = os.read(key.fd, 1 << 20)
                if not piece:
                    ready.unregister(key.fileobj)
                elif key.data == "stdout" or len(kept["stderr"]) < _MOST_SAID:
                    kept[key.data] += piece
            if len(kept["stdout"]) > MAX_BYTES:
                break
    return bytes(kept["stdout"]), bytes(kept["stderr"]), False
