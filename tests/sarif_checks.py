"""The strict SARIF checker beside a checkout, run in this process because starting it is dear."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

VARIABLE = "MLSEC_CHECK_SARIF"
_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "tools" / "check_sarif.py"


def sarif_problems(*words: str | Path) -> str:
    """Run the checker as on a command line; "" when it is content, else all that it said.

    Skips the test where the checker is not there.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = _main()([str(word) for word in words])
    return "" if code == 0 else f"exit {code}\n{said.getvalue()}"


@functools.cache
def _main() -> Callable[[list[str]], int]:
    path = next((p for p in (Path(os.environ.get(VARIABLE, "")), _BESIDE) if p.is_file()), None)
    if path is None:
        pytest.skip(f"check_sarif.py is not here; set {VARIABLE} to its path")
    spec = importlib.util.spec_from_file_location("check_sarif", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[[list[str]], int] = module.main
    return main
