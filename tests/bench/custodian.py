"""Cloud Custodian beside us: an environment of its own, or the reason why there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measure import ROOT

VARIABLE = "MLSEC_BENCH_C7N"
CHILD = ROOT / "tests" / "bench" / "custodian_child.py"
_INSTALL_S = 400


def custodian_python() -> tuple[Path | None, str]:
    """Find or install Cloud Custodian (PyPI ``c7n``).

    ``MLSEC_BENCH_C7N`` names a Python that has it; otherwise it is installed into a virtual
    environment below the user's cache folder.

    Returns:
        Its interpreter, or None and the reason.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _having_it(Path(named), f"{VARIABLE}={named}")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "mlsec-bench" / "c7n"
    python = folder / "bin" / "python"
    found, _ = _having_it(python, str(folder))
    if found is not None:
        return found, ""
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "c7n"],
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_S)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            return None, f"it could not be installed ({type(error).__name__}); see {VARIABLE}"
    return _having_it(python, str(folder))


def _having_it(python: Path, place: str) -> tuple[Path | None, str]:
    if not python.is_file():
        return None, f"there is no Python at {place}"
    done = subprocess.run(  # noqa: S603 - a Python the user named, or ours
        [python, "-c", "import c7n"], capture_output=True, check=False
    )
    return (python, "") if done.returncode == 0 else (None, f"{place} has no c7n")
