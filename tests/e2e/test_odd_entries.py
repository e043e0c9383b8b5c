"""What lies in a model's folder and is not a plain file: named with its reason, never opened."""

from __future__ import annotations

import io
import os
import shutil
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsec.core.enums import GapReason, Status
from tests.e2e.runs import in_child, load_assessment


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes a device")


def _nested(path: Path) -> None:
    """Ten thousand archives, each in the next."""
    data = b"weights"
    for number in range(10_000):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr(str(number), data)
        data = held.getvalue()
    path.write_bytes(data)


ODD: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "socket": _socket,
    "device": _device,
    "circle": lambda path: path.symlink_to(path.name),
    "outside": lambda path: path.symlink_to("/etc/hostname"),
    "nested": _nested,
}


@pytest.mark.parametrize("name", ODD)
def test_entry_that_is_no_plain_file_is_told_with_its_reason(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "m"
    model.mkdir()
    (model / "config.json").write_text("{}")
    monkeypatch.chdir(model)  # the name of a socket is short
    ODD[name](Path("model.pt"))
    done = in_child("scan", model, "-o", tmp_path / "out", "-f", "json,text")
    assert done.returncode in (10, 11), done.stderr
    assessment = load_assessment(tmp_path / "out")
    about = str(model / "model.pt")
    # Of an archive it is the member that was not read.
    told = [gap.detail for gap in assessment.gaps if gap.subject.startswith(about)]
    assert told, assessment.gaps
    assert all(told)
    passed = [one for one in assessment.findings if one.status is Status.PASS]
    assert not any(one.resource.name.endswith("model.pt") and "code" in one.rule for one in passed)


def test_folder_that_may_not_be_opened_is_told_and_nothing_of_the_model_passes(
    tmp_path: Path,
) -> None:
    # Root without these rights is refused like any other owner of a folder that is closed.
    without = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("only root without its rights is refused")
    closed = tmp_path / "m" / "closed"
    closed.mkdir(parents=True)
    (tmp_path / "m" / "config.json").write_text("{}")
    (closed / "model.pkl").write_bytes(b"cos\nsystem\n(S'echo inert'\ntR.")
    closed.chmod(0)
    scan = ("scan", str(tmp_path / "m"), "-o", str(tmp_path / "out"), "-f", "json")
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [*(without if os.geteuid() == 0 else ()), sys.executable, "-m", "mlsec", *scan],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        closed.chmod(0o755)
    assert done.returncode == 11, done.stderr
    assessment = load_assessment(tmp_path / "out")
    reasons = {gap.reason for gap in assessment.gaps if gap.subject == str(closed)}
    assert reasons == {GapReason.DENIED}
    content = [one for one in assessment.findings if one.rule.startswith("content/")]
    assert not any(one.status is Status.PASS for one in content)
