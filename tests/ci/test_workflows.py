"""What all workflows have in common, and what CI and the forms for issues promise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.name: path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")}
CI, NIGHTLY = (yaml.safe_load(WORKFLOWS[name]) for name in ("ci.yml", "nightly.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()


def test_actions_are_pinned_by_commit_and_nothing_is_granted_to_all_jobs() -> None:
    for name, text in WORKFLOWS.items():
        assert yaml.safe_load(text)["permissions"] == {}, name
        for line in text.splitlines():
            if "uses:" in line and "uses: ./" not in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_ci_only_reads_and_calls_targets_of_the_makefile() -> None:
    called = {name: targets(job) for name, job in {**CI["jobs"], **NIGHTLY["jobs"]}.items()}
    assert called == {
        "test": ["demo", "check", "test"],
        "units": ["demo", "check", "units"],
        "package": ["wheel", "site"],
        "nightly": ["nightly"],
    }
    for target in {each for job in called.values() for each in job}:
        assert re.search(rf"(?m)^{target}:", MAKEFILE), target
    for job in (*CI["jobs"].values(), *NIGHTLY["jobs"].values()):
        assert job["permissions"] == {"contents": "read"}


def targets(job: dict[str, Any]) -> list[str]:
    """Give the make targets that are all that a job runs."""
    commands = [step["run"] for step in job["steps"] if "run" in step]
    return [re.sub(r"^make (\w+) PYTHON=python3$", r"\1", each) for each in commands]


def test_what_is_marked_nightly_is_left_out_by_day_and_by_night_alone() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["addopts"].endswith("-m 'not nightly'")
    assert re.search(r'(?m)^nightly: .*\n\t@\$\(PYTEST\) -m ""$', MAKEFILE)
    assert re.search(r"(?m)^test: .*\n\t@\$\(PYTEST\)$", MAKEFILE)


def test_ci_runs_on_every_python_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = NIGHTLY["jobs"]["nightly"]["strategy"]["matrix"]["python"]
    assert project["requires-python"] == ">=3.11,<3.15"
    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    whole = CI["jobs"]["test"]["steps"][1]["with"]["python-version"]
    assert sorted([*CI["jobs"]["units"]["strategy"]["matrix"]["python"], whole]) == pythons
    kept = [f"Programming Language :: Python :: {one}" for one in pythons]
    assert [one for one in project["classifiers"] if "Python ::" in one] == kept


def test_forms_have_what_the_host_asks_for() -> None:
    assert [path.stem for path in FORMS] == ["bug", "finding", "rule"]
    for path in FORMS:
        form = yaml.safe_load(path.read_text())
        assert form["name"], path.stem
        assert form["description"], path.stem
        asked = [one for one in form["body"] if one["type"] != "markdown"]
        assert len({one["id"] for one in asked}) == len(asked), path.stem
        assert all(one["attributes"]["label"] for one in asked), path.stem
    config = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text())
    assert config["contact_links"][0]["url"].endswith("/security/advisories/new")
