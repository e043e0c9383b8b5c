"""The lock file: only digests, and none is lost when several processes record at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.signing.trust.lock_file import locked_digest, record_digest

DIGEST = "sha256:" + "0" * 64
RECORD = """
import sys
from pathlib import Path
from mlsec.signing.trust.lock_file import record_digest
for number in range(40):
    record_digest(Path(sys.argv[1]), f"{sys.argv[2]}/{number}", "sha256:" + "0" * 64)
"""


def test_first_use_is_recorded_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "mlsec.lock"
    assert locked_digest(path, "a") == ""
    assert record_digest(path, "a", DIGEST)
    assert not record_digest(path, "a", DIGEST.replace("0", "1"))
    assert locked_digest(path, "a") == DIGEST
    assert [one.name for one in tmp_path.iterdir()] == ["mlsec.lock"]


@pytest.mark.parametrize(
    "entry", ["", "sha256:", DIGEST[:-1], DIGEST.upper(), DIGEST + "\n", 5, None]
)
def test_what_is_no_digest_is_refused(entry: object, tmp_path: Path) -> None:
    """An empty one would read as a model that was never used."""
    path = tmp_path / "mlsec.lock"
    path.write_text(json.dumps({"version": 1, "models": {"a": entry}}))
    with pytest.raises(MlsecError, match="not a digest"):
        locked_digest(path, "a")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="cannot be written"):
        record_digest(tmp_path / "none" / "mlsec.lock", "a", DIGEST)
    (tmp_path / "mlsec.lock").mkdir()
    with pytest.raises(MlsecError, match="cannot be read"):
        record_digest(tmp_path / "mlsec.lock", "a", DIGEST)


def test_nothing_is_lost_when_several_record_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mlsec.lock"
    command = [sys.executable, "-c", RECORD, str(path)]
    running = [subprocess.Popen([*command, name]) for name in "abc"]  # noqa: S603
    assert [one.wait() for one in running] == [0, 0, 0]
    assert len(json.loads(path.read_bytes())["models"]) == 120
