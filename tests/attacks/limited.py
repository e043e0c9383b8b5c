"""Runs mlsec as a process of its own, on a machine that lacks something, or in this one."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path
from unittest import mock

import msgspec

from mlsec.cli.main import main

TERRAFORM = """\
resource "aws_sagemaker_notebook_instance" "train" {
  name                   = "train"
  role_arn               = "arn:aws:iam::111122223333:role/train"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
}
"""
EASY = ("--fail-on", "none", "--min-coverage", "0")


class Ended(msgspec.Struct, frozen=True):
    """How a process ended."""

    code: int
    out: bytes
    err: str

    @property
    def errors(self) -> list[str]:
        """The sentences that say what went wrong."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def repository(folder: Path) -> Path:
    """Lay a repository with one finding and one harmless model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(TERRAFORM)
    (folder / "model.pkl").write_bytes(pickle.dumps({"weights": [0.5, 0.25]}))
    return folder


def run(
    *words: str | bytes | Path, cwd: Path, before: str = "", after: str = "", **more: str
) -> Ended:
    """Run ``mlsec WORDS`` by a shell: ``before`` limits it, ``after`` redirects its streams."""
    script = f'{before}\nexec "$@" {after}'
    command = ["bash", "-c", script, "bash", sys.executable, "-m", "mlsec"]
    done = subprocess.run(  # noqa: S603
        [*command, *(word if isinstance(word, bytes) else str(word) for word in words)],
        cwd=cwd, capture_output=True, timeout=200, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1", **more},
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def run_here(*words: str | bytes | Path, cwd: Path, **more: str) -> Ended:
    """Run ``mlsec WORDS`` in this process, which is three times as fast as to start one."""
    out, err = io.BytesIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, {"NO_COLOR": "1", **more}),
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)),
        contextlib.redirect_stderr(err),
    ):
        code = main([os.fsdecode(word) for word in words])
        return Ended(code, out.getvalue(), err.getvalue())


def check_refused(ended: Ended, *parts: str) -> None:
    """Require exit code 2, one sentence with each of the parts, and no traceback."""
    assert ended.code == 2, (ended.code, ended.err)
    assert "Traceback" not in ended.err
    assert "crashed" not in ended.err
    assert len(ended.errors) == 1, ended.err
    for part in parts:
        assert part in ended.err
