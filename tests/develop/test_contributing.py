"""The steps of CONTRIBUTING.md work as they stand there, in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.develop import new_service

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
_SECTION = re.compile(r"^## (Add an? [^\n(]+?)(?: \([^\n]*\))?\n(.*?)(?=^## |\Z)", re.M | re.S)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
SECTIONS = {
    title: _BLOCK.findall(text)
    for title, text in _SECTION.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    if _BLOCK.search(text)
}


def test_every_extension_point_has_steps_that_can_be_followed() -> None:
    assert {
        "Add a rule", "Add a service call", "Add a report format", "Add a model format",
    } == set(SECTIONS)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("title", sorted(SECTIONS))
def test_steps_work_as_they_stand(title: str, tmp_path: Path) -> None:
    copy_checkout(tmp_path)
    for kind, text in SECTIONS[title]:
        match kind:
            case "sh":
                for line in text.splitlines():
                    assert run(line, tmp_path) in accepted(line), line
            case "yaml" | "python":
                first, _, body = text.partition("\n")
                path = tmp_path / first.removeprefix("# ")
                path.write_text(body, "utf-8")
            case "diff":
                # Trailing context may have moved: the lines count, not their numbers.
                apply(text, tmp_path)


def accepted(line: str) -> tuple[int, ...]:
    """A scan that shows an unreadable file is incomplete, which is its right answer."""
    return (0, 11) if line.startswith("mlsec scan") else (0,)


def copy_checkout(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)  # noqa: S607


def run(line: str, folder: Path) -> int:
    """Run one command of the page with this environment's programs on the copy's code."""
    words = line.replace(".venv/bin/", f"{BIN}/").replace("mlsec ", f"{BIN}/mlsec ", 1)
    if words.startswith("make "):
        ready = f"{BIN.parent}/.dev-ready"
        words = words.replace("make ", f"make -o {ready} VENV={BIN.parent} ", 1)
    words = re.sub(rf"^({re.escape(str(BIN))}/pytest)", r"\1 -p no:cacheprovider -n 0", words)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MLSEC_NO_CACHE": "1",
    }
    environment.pop("MLSEC_NOTHING_SKIPPED", None)
    done = subprocess.run(  # noqa: S603 - lines of our own page
        ["bash", "-c", words],  # noqa: S607
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.stderr.write(f"$ {words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n")
    return done.returncode


def apply(diff: str, folder: Path) -> None:
    done = subprocess.run(
        ["git", "apply", "-C1", "-"],  # noqa: S607
        cwd=folder, input=diff, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("operation", "type_name", "said"),
    [
        ("nowhere:ListThings", "aws.a.b", 'no service "nowhere"'),
        ("transcribe:Nope", "aws.a.b", 'no operation "Nope"; it has List'),
        ("transcribe:GetVocabulary", "aws.a.b", "gives no list of things"),
        ("transcribe:ListVocabularies", "transcribe", "is not aws.SERVICE.NOUN"),
        ("sagemaker:ListModels", "aws.quotas.model", "is there already"),
    ],
)
def test_scaffold_says_what_does_not_fit_and_writes_nothing(
    operation: str, type_name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state()
    assert new_service.main([operation, type_name, "--root", str(ROOT)]) == 2
    assert said in capsys.readouterr().err
    assert list(before) == list(state())


def state() -> Iterator[tuple[str, int]]:
    for folder in (ROOT / "mlsec/providers/aws/services", ROOT / "rules/vocabulary/aws"):
        yield from sorted((path.name, path.stat().st_size) for path in folder.glob("*.*"))
