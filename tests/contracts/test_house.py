"""The house rules that a machine can hold: first lines, names, what is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "mlsec").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_file_starts_with_a_docstring_and_has_a_noun_for_a_name() -> None:
    offenders = {
        name_of(path)
        for path in SOURCES
        if not path.read_text("utf-8").startswith('"""') or path.stem in FORBIDDEN_NAMES
    }
    assert offenders == set()


def test_only_the_console_prints() -> None:
    printing = {
        name_of(path)
        for path in SOURCES
        if re.search(r"^\s*print\(|sys\.std(out|err)\.write", path.read_text("utf-8"), re.M)
    }
    assert printing <= {"mlsec/__main__.py", "mlsec/cli/console.py", "mlsec/cli/main.py"}


def test_digits_of_a_text_are_those_that_int_reads() -> None:
    # "²".isdigit() is true, and int("²") raises; of bytes only ten are digits.
    asking = {name_of(path) for path in SOURCES if ".isdigit()" in path.read_text("utf-8")}
    assert asking <= {"mlsec/artifacts/containers/ar_cpio.py", "mlsec/artifacts/formats/engines.py"}


def test_the_help_pays_for_no_cloud_sdk_and_no_template_engine() -> None:
    code = (
        "import sys\n"
        "from mlsec.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('boto3', 'botocore', 'jinja2', 'yaml', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
