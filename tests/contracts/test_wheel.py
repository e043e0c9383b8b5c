"""A wheel brings its rules checked, and trusts what it brought only while nothing was changed."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.load import content_key_of, load_afresh
from mlsec.engine.rules.rule_cache import SHIPPED, shipped_form
from mlsec.engine.rules.schema import rule_schema
from mlsec.vocabulary.load import load_vocabulary

ROOT = Path(__file__).resolve().parents[2]
PLACE = "mlsec/content/checked-rules.bin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this tree holds, unpacked."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def rules_are_checked_again(installed: Path, cache: Path) -> bool:
    """Start it with an empty cache; whether it had to keep what it checked."""
    done = subprocess.run(
        [sys.executable, "-m", "mlsec", "rules", "list"],
        cwd=cache,
        env={**os.environ, "PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(cache)},
        check=True,
        capture_output=True,
    )
    assert b"sagemaker/" in done.stdout
    return bool(list((cache / "mlsec").glob("rules-*.bin")))


def test_the_wheel_brings_the_rules_as_they_are(installed: Path) -> None:
    content = content_folder("rules")
    wanted = shipped_form(content_key_of(content), load_afresh(content), content)
    assert (installed / PLACE).read_bytes() == wanted


def test_the_wheel_brings_the_schema_of_its_rules(installed: Path) -> None:
    schema = installed / "mlsec/content/rules/schema/rule.schema.json"
    assert schema.read_bytes() == rule_schema(
        load_vocabulary(content_folder("rules") / "vocabulary")
    )


def test_what_the_wheel_brings_names_no_path_of_the_machine_that_built_it(installed: Path) -> None:
    assert str(ROOT).encode() not in (installed / PLACE).read_bytes()


def test_the_first_start_checks_no_rule(installed: Path, tmp_path: Path) -> None:
    assert not rules_are_checked_again(installed, tmp_path)


def comment(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a rule": lambda site: comment(
        next((site / "mlsec/content/rules/aws/sagemaker").glob("*.yaml"))
    ),
    "the code that checks": lambda site: comment(site / "mlsec/engine/rules/check.py"),
    "what was brought": lambda site: (site / PLACE).write_bytes(b"x" * 100),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_start_after_a_change_checks_them_all(installed: Path, tmp_path: Path, what: str) -> None:
    copy = tmp_path / "site"
    subprocess.run(["cp", "-r", str(installed), str(copy)], check=True)  # noqa: S603, S607
    CHANGES[what](copy)
    cache = tmp_path / "cache"
    cache.mkdir()
    assert rules_are_checked_again(copy, cache)


def test_a_checkout_has_no_such_file() -> None:
    """There rules change with each edit."""
    assert not SHIPPED.exists()


def test_the_build_declares_every_package_that_checking_the_rules_imports(tmp_path: Path) -> None:
    code = (
        "import runpy, sys; sys.argv = ['precompile', sys.argv[1]]\n"
        "try: runpy.run_module('mlsec.engine.rules.precompile', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, str(tmp_path / "rules.bin")],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    of_module = importlib.metadata.packages_distributions()
    used = {name for module in done.stdout.split() for name in of_module.get(module, ())}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    needed = [
        line
        for line in project["project"]["dependencies"]
        if line.partition(">=")[0] in {name.lower() for name in used}
    ]
    assert needed
    assert sorted(hook["dependencies"]) == sorted(needed)
