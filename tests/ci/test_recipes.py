"""The install script, the container recipe, the GitLab job and the pre-commit hooks."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from mlsec.cli.parser import build_parser
from mlsec.render import FORMATS

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "Containerfile").read_text()
GITLAB = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
LOCK = (ROOT / "requirements" / "ci.lock").read_text()
PYTHON = """#!/bin/sh
echo "$PWD|$*" >> {log}
case "$*" in
  *"-m venv"*) mkdir -p "$4/bin" "$4/site"; cp "$0" "$4/bin/python";;
  *sysconfig*) echo "{home}/venv/site";;
esac
"""


def test_install_takes_locked_wheels_and_imports_nothing_from_where_it_is_started(
    tmp_path: Path,
) -> None:
    home, log, python = tmp_path / "home", tmp_path / "log", tmp_path / "python"
    python.write_text(PYTHON.format(log=log, home=home))
    python.chmod(0o755)
    subprocess.run(  # noqa: S603
        ["bash", ROOT / "ci" / "install.sh"],  # noqa: S607
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "MLSEC_HOME": str(home), "MLSEC_PYTHON": str(python)},
        check=True,
    )
    calls = log.read_text().splitlines()
    assert all(one.startswith("/|-I ") for one in calls), calls
    [pip] = [one for one in calls if "-m pip" in one]
    assert "--require-hashes --only-binary :all:" in pip
    assert pip.endswith(f"-r {ROOT}/requirements/ci.lock")
    assert (home / "venv" / "site" / "mlsec.pth").read_text() == f"{ROOT}\n"


def test_lock_of_ci_has_what_a_repository_needs_and_hashes() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*extras["dependencies"], *extras["optional-dependencies"]["iac"]]
    for one in wanted:
        name = re.split(r"[<>=\[ ]", one)[0]
        assert re.search(rf"(?m)^{name}==", LOCK), name
    assert LOCK.count("--hash=sha256:") > len(re.findall(r"(?m)^[a-z]", LOCK))


def test_container_is_not_root_and_copies_what_there_is() -> None:
    lines = RECIPE.replace("\\\n", " ").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    assert [one[1] for one in words if one[0] == "USER"] == ["10001:10001"]
    copied = [source for one in words if one[0] == "COPY" for source in one[1:-1]]
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    kept = (ROOT / ".containerignore").read_text().split()
    assert all(f"!{source}" in kept for source in copied)
    assert not [one for one in words if one[0] == "ADD"]
    assert "curl" not in RECIPE


def test_container_starts_warm_once_all_is_there() -> None:
    *_, copied = re.finditer(r"(?m)^COPY .*$", RECIPE)
    after, _, _ = RECIPE[copied.end() :].partition("\nUSER ")
    assert "-m compileall -q /opt/mlsec/source/mlsec" in after
    assert "-m mlsec.engine.loading.precompile" in after


def test_gitlab_job_takes_values_as_variables_and_hands_over_files_that_are_written() -> None:
    job = GITLAB["mlsec"]
    assert job["script"] == ["bash /opt/mlsec/source/ci/scan.sh"]
    out = job["variables"]["MLSEC_OUT"]
    formats = job["variables"]["MLSEC_FORMATS"].split(",")
    written = {f"{out}/{FORMATS[name].file_name}" for name in formats}
    assert {*job["artifacts"]["reports"].values()} <= written
    assert job["artifacts"]["when"] == "always"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_hook_is_a_command_that_mlsec_understands(hook: dict[str, object]) -> None:
    program, *words = shlex.split(str(hook["entry"]))
    assert program == "mlsec"
    assert build_parser().parse_args(words).targets == ["."]
    assert hook["pass_filenames"] is False
