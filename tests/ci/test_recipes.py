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
from mlsec.targets.collectors import SCHEMES

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "Containerfile").read_text()
GITLAB = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
LOCKS = {name: (ROOT / f"requirements/{name}.lock").read_text() for name in ("ci", "cloud", "run")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {name: tuple(given) for name, given in PROJECT["optional-dependencies"].items()}
PYTHON = """#!/bin/sh
echo "$PWD|$*" >> {log}
case "$*" in
  *"-m venv"*) mkdir -p "$4/bin" "$4/site"; cp "$0" "$4/bin/python";;
  *sysconfig*) echo "{home}/venv/site";;
esac
"""


def install(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a stand-in for Python that notes how it is called."""
    python = folder / "python"
    python.write_text(PYTHON.format(log=folder / "log", home=folder / "home"))
    python.chmod(0o755)
    return subprocess.run(  # noqa: S603
        ["bash", ROOT / "ci" / "install.sh"],  # noqa: S607
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "MLSEC_HOME": str(folder / "home"),
            "MLSEC_PYTHON": str(python),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def installed_lock(folder: Path) -> str:
    """Which lock pip was given."""
    [pip] = [call for call in (folder / "log").read_text().splitlines() if "-m pip" in call]
    return pip.rpartition("/requirements/")[2]


def pins(lock: str) -> set[str]:
    """The packages of a lock, each with its version."""
    return set(re.findall(r"(?m)^([a-z0-9][\w.-]*(?:\[[^\]]*\])?==[^\s;]+)", lock))


def test_install_takes_locked_wheels_and_imports_nothing_from_where_it_is_started(
    tmp_path: Path,
) -> None:
    done = install(tmp_path)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "log").read_text().splitlines()
    assert all(one.startswith("/|-I ") for one in calls), calls
    [pip] = [one for one in calls if "-m pip" in one]
    assert "--require-hashes --only-binary :all:" in pip
    assert pip.endswith(f"-r {ROOT}/requirements/ci.lock")
    assert (tmp_path / "home" / "venv" / "site" / "mlsec.pth").read_text() == f"{ROOT}\n"
    assert (tmp_path / "home" / "venv" / "mlsec-lock").read_text() == "ci\n"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_who_scans_a_cloud_gets_its_sdk(scheme: str, tmp_path: Path) -> None:
    needs_sdk = scheme not in ("http", "https")
    for number, target in enumerate((scheme, f"{scheme}://x/y")):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert install(folder, MLSEC_TARGETS=f".\n{target}\r\n").returncode == 0
        assert installed_lock(folder) == ("cloud.lock" if needs_sdk else "ci.lock")


def test_a_folder_needs_no_sdk_and_a_lock_can_be_named(tmp_path: Path) -> None:
    for lock, environment in (
        ("ci.lock", {"MLSEC_TARGETS": "models/aws\nawesome"}),
        ("ci.lock", {"MLSEC_LOCK": "ci", "MLSEC_TARGETS": "aws"}),
        ("cloud.lock", {"MLSEC_LOCK": "cloud"}),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        assert install(folder, **environment).returncode == 0
        assert installed_lock(folder) == lock
    done = install(tmp_path, MLSEC_LOCK="../evil")
    assert (done.returncode, done.stderr) == (
        2,
        'MLSEC_LOCK is "../evil": expected ci or cloud\n',
    )
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("run", ()), ("ci", ("iac",)), ("cloud", tuple({*EXTRAS} - {"all"}))],
)
def test_lock_has_its_extras_with_hashes(lock: str, extras: tuple[str, ...]) -> None:
    needed = [*PROJECT["dependencies"], *(name for extra in extras for name in EXTRAS[extra])]
    locked = {pin.partition("==")[0].partition("[")[0] for pin in pins(LOCKS[lock])}
    assert {re.split(r"[<>=\[ ]", name)[0] for name in needed} <= locked
    assert LOCKS[lock].count("--hash=sha256:") > len(pins(LOCKS[lock])) > 5


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_shipped_is_what_is_tested(lock: str) -> None:
    assert pins(LOCKS[lock]) <= pins((ROOT / "requirements" / "dev.lock").read_text())


def test_container_is_not_root_and_copies_what_there_is() -> None:
    lines = RECIPE.replace("\\\n", " ").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    assert [one[1] for one in words if one[0] == "USER"] == ["10001:10001"]
    copied = [source for one in words if one[0] == "COPY" for source in one[1:-1]]
    assert "requirements/${LOCK}.lock" in copied
    locks = [f"requirements/{name}.lock" for name in ("ci", "cloud")]
    copied = [source for source in copied if "$" not in source] + locks
    assert all((ROOT / source).exists() for source in copied)
    kept = (ROOT / ".containerignore").read_text().split()
    assert all(f"!{source}" in kept for source in copied)
    assert not [one for one in words if one[0] == "ADD"]
    assert "curl" not in RECIPE


def test_container_starts_warm_once_all_is_there() -> None:
    *_, copied = re.finditer(r"(?m)^COPY .*$", RECIPE)
    after, _, _ = RECIPE[copied.end() :].partition("\nUSER ")
    assert "-m compileall -q /opt/mlsec/source/mlsec" in after
    assert "-m mlsec.engine.rules.precompile" in after


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
