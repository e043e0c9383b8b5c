"""What a command does not use it does not load: most of a short run is loading."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mlsec.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Of all packages that mlsec may need, what a scan of Terraform code does.
USED = {"_re2", "msgspec", "re2", "tree_sitter", "tree_sitter_hcl"}
# Of the standard library: what takes long to load, and what it would mean that it was loaded.
HEAVY = {
    "asyncio",
    "ast",
    "ctypes",
    "email",
    "http",
    "inspect",
    "logging",
    "ssl",
    "typing_extensions",
}
ASK = (
    "import json, sys\n"
    "from mlsec.cli.main import main\n"
    "try: main(sys.argv[1:])\n"
    "except SystemExit: pass\n"
    "print('\\n' + json.dumps(sorted(sys.modules)))"
)


def modules_after(*words: str, cwd: Path) -> set[str]:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ASK, *words],
        capture_output=True, text=True, check=True, cwd=cwd, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def packages() -> set[str]:
    """Name the modules of every package that mlsec or one of its extras needs."""
    wanted = [*PROJECT["dependencies"]]
    wanted += [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    names = {re.split(r"[\[<>=]", each)[0].lower() for each in wanted} - {PROJECT["name"]}
    found = importlib.metadata.packages_distributions()
    return {top for top, owners in found.items() if {one.lower() for one in owners} & names}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("code")
    (folder / "main.tf").write_text('resource "aws_s3_bucket" "models" {\n  bucket = "models"\n}\n')
    modules_after("scan", str(folder), cwd=folder)  # the rules are loaded from YAML at first
    return modules_after("scan", str(folder), cwd=folder)


def test_a_scan_of_code_loads_no_package_that_it_does_not_use(loaded: set[str]) -> None:
    known = packages()
    assert {"boto3", "azure", "google", "kubernetes", "jinja2", "cryptography", "yaml"} <= known
    assert not loaded & (known - USED)
    assert "mlsec.iac.terraform.reader" in loaded


def test_a_scan_of_code_loads_nothing_heavy_of_the_standard_library(loaded: set[str]) -> None:
    # Since Python 3.14 its annotationlib, which msgspec imports, loads ast, in 0.3 ms.
    of_python = {"ast"} if sys.version_info >= (3, 14) else set()
    assert not loaded & (HEAVY - of_python)


def test_a_scan_of_code_loads_no_reader_of_another_language(loaded: set[str]) -> None:
    others = (
        "mlsec.providers.kubernetes.manifests",
        "mlsec.servers.compose.compose",
        "mlsec.providers.azure.collect",
    )
    assert not [name for name in loaded if name.startswith(others)]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_no_other(command: str, tmp_path: Path) -> None:
    found = modules_after(command, "--help", cwd=tmp_path)
    others = {f"mlsec.cli.{name}" for name in COMMANDS} - {f"mlsec.cli.{command}"}
    assert f"mlsec.cli.{command}" in found
    assert not found & others


def test_the_version_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    found = modules_after("--version", cwd=tmp_path)
    assert not {"argparse", "msgspec", "pathlib"} & found
