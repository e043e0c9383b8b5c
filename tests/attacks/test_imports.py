"""Whoever writes the repository has Python import their code, or has us judge by their rules.

They commit ``json.py`` or ``msgspec/`` at its root, where ``python -m mlsec`` and ``PYTHONPATH=.``
look first; or a package that is installed beside mlsec brings a top-level folder ``rules/``, which
replaces every rule. What they gain: their code runs in the scan, or a scan without findings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mlsec.core.content_paths import content_folder

ROOT = Path(__file__).resolve().parents[2]
# What mlsec imports: from the standard library, from packages it needs, and from itself.
SHADOWS = ("argparse", "json", "shlex", "tempfile", "sqlite3", "hashlib", "msgspec", "yaml", "re2",
           "cryptography", "select", "struct", "zlib", "ctypes")  # fmt: skip

# What our own first files would import, and Python's -m itself does, too early to prevent.
EARLY = ("typing", "re", "contextlib", "collections", "types", "pathlib", "gc", "enum")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "main.bicep").write_text("param a string\n")
    (made / "w.bin").write_bytes(b"\x80\x04N.")
    return made


def shadow(folder: Path, canary: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"open({str(canary)!r}, 'a').write('{name} ')\n")


def installed(place: Path, site: Path | None = None) -> Path:
    """An environment that has mlsec as a user would, and the command in it."""
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(place / "venv")],
        check=True,
    )
    (own,) = (place / "venv").glob("lib/python3*/site-packages")
    (own / "all.pth").write_text(f"{site or ROOT}\n{sysconfig.get_path('purelib')}\n")
    command = place / "venv" / "bin" / "mlsec"
    command.write_text(
        f"#!{place}/venv/bin/python\nimport sys\nfrom mlsec.__main__ import program\n"
        "if __name__ == '__main__':\n    sys.exit(program())\n"
    )
    command.chmod(0o755)
    return command


def run(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(  # noqa: S603
        [*map(str, words)], cwd=cwd, env={**kept, **more}, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip


SCAN = ("scan", ".", "--fail-on", "none", "--min-coverage", "0")


def test_module_of_the_repository_is_not_imported_by_python_m(folder: Path, tmp_path: Path) -> None:
    shadow(folder, tmp_path / "canary", *SHADOWS)
    python = installed(tmp_path).with_name("python")
    done = run(python, "-m", "mlsec", *SCAN, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "canary").exists()
    # The same module is imported where nothing protects.
    run(sys.executable, "-c", "import json", cwd=folder)
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "value", [".", "", "src", ":", "{repo}", "{repo}/src", "{repo}/src:.", "../repo"]
)
def test_folder_of_the_repository_in_pythonpath_is_not_imported_from(
    value: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "src").mkdir()
    for place in (folder, folder / "src"):
        shadow(place, tmp_path / "canary", *SHADOWS, *EARLY)
    given = value.format(repo=folder)
    done = run(installed(tmp_path), *SCAN, cwd=folder, PYTHONPATH=given)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "canary").exists()


def test_folder_of_another_target_in_pythonpath_is_not_imported_from(
    folder: Path, tmp_path: Path
) -> None:
    shadow(folder, tmp_path / "canary", *SHADOWS)
    (tmp_path / "here").mkdir()
    done = run(installed(tmp_path), "scan", folder, *SCAN[2:], cwd=tmp_path / "here",
               PYTHONPATH=str(folder))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "canary").exists()


def test_module_that_python_imports_before_us_ends_the_scan_with_a_word(
    folder: Path, tmp_path: Path
) -> None:
    # It is running already, and may do as it likes; what does no more than that is not passed over.
    (folder / "sitecustomize.py").write_text("")
    done = run(installed(tmp_path), *SCAN, cwd=folder, PYTHONPATH=".")
    assert done.returncode == 2, done.stderr
    assert "Python imported sitecustomize from the current folder" in done.stderr


def test_folder_outside_in_pythonpath_is_kept(folder: Path, tmp_path: Path) -> None:
    # Where a layer of packages is given so, and to the programs that the SDKs start.
    (tmp_path / "layer").mkdir()
    shadow(tmp_path / "layer", tmp_path / "canary", "msgspec")
    run(installed(tmp_path), *SCAN, cwd=folder, PYTHONPATH=str(tmp_path / "layer"))
    assert (tmp_path / "canary").read_text().startswith("msgspec")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel leaves in an environment: the package with its content inside."""
    made = tmp_path_factory.mktemp("wheel") / "site-packages"
    shutil.copytree(ROOT / "mlsec", made / "mlsec", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("rules", "reports"):
        shutil.copytree(content_folder(name), made / "mlsec" / "content" / name)
    return made


def plant_content(place: Path) -> None:
    """A folder that looks as ours does, with no rule in it."""
    for name in ("vocabulary", "frameworks", "callables", "advisories", "mappings"):
        shutil.copytree(content_folder("rules") / name, place / "rules" / name)
    (place / "reports").mkdir()
    (place / "fixtures" / "demo").mkdir(parents=True)


def test_rules_that_another_package_installs_beside_ours_are_not_taken(
    site: Path, folder: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "site-packages"
    shutil.copytree(site, shared)
    words = (installed(tmp_path, shared), "rules", "list")
    before = run(*words, cwd=folder, MLSEC_NO_CACHE="1")
    plant_content(shared)
    plant_content(folder)
    after = run(*words, cwd=folder, MLSEC_NO_CACHE="1")
    assert "sagemaker/notebook-direct-internet" in after.stdout
    assert after.stdout == before.stdout
    scanned = run(words[0], *SCAN, "-f", "html", "-o", tmp_path / "out", cwd=folder)
    assert scanned.returncode == 0, scanned.stderr


def test_installation_that_lost_its_content_says_so_and_takes_no_other(
    site: Path, folder: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "site-packages"
    shutil.copytree(site, shared)
    shutil.rmtree(shared / "mlsec" / "content" / "rules")
    plant_content(shared)
    plant_content(folder)
    done = run(installed(tmp_path, shared), "rules", "list", cwd=folder, MLSEC_NO_CACHE="1")
    assert done.returncode == 2, done.stderr
    assert "install mlsec again" in done.stderr


def test_checkout_uses_its_own_content(folder: Path) -> None:
    plant_content(folder)
    done = run(sys.executable, "-m", "mlsec", "rules", "list", cwd=folder, MLSEC_NO_CACHE="1")
    assert "sagemaker/notebook-direct-internet" in done.stdout
    assert content_folder("rules") == ROOT / "rules"
