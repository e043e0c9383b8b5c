"""Real installations of each kind, and the commands that they print to add a package."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlsec.core.installation import DISTRIBUTION, EXTRAS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Stand in for what mlsec needs and for an SDK, so that nothing is downloaded.
NEEDED = tuple(re.split(r"[<>=]", requirement)[0] for requirement in PROJECT["dependencies"])
ASK = "from mlsec.core import installation as i; print(i.command_to_add('aws')); print(i.origin())"


class Shop:
    """Wheels to install from, and the environment of a shell that knows no other place."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.home = folder / "home"
        self.home.mkdir()
        for name in (*NEEDED, "boto3"):
            self.add(name, "99", {name: ""})
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self.wheels)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        [self.wheel] = self.wheels.glob("mlsec_scanner-*.whl")

    def add(self, name: str, version: str, modules: Mapping[str, str]) -> Path:
        """Write a wheel with a few modules, each a package of one file."""
        stem = f"{name.replace('-', '_')}-{version}"
        about = f"{stem}.dist-info"
        texts = {f"{module}/__init__.py": text for module, text in modules.items()}
        texts[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        texts[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        texts[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*texts, f"{about}/RECORD"])
        wheel = self.wheels / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in texts.items():
                archive.writestr(path, text)
        return wheel

    def sh(self, command: str) -> str:
        """Run a line as a person would who has uv and pipx, but no index."""
        done = subprocess.run(  # noqa: S603
            ["sh", "-c", command],  # noqa: S607
            cwd=self.home,
            env={
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "HOME": str(self.home),
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.wheels),
                "UV_OFFLINE": "1",
                "UV_NO_INDEX": "1",
                "UV_FIND_LINKS": str(self.wheels),
                "UV_PYTHON": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def pip_environment(shop: Shop) -> Path:
    shop.sh(f"{sys.executable} -m venv pip && pip/bin/pip install '{shop.wheel}'")
    return shop.home / "pip/bin/python"


def uv_environment(shop: Shop) -> Path:
    shop.sh(f"uv venv uv && uv pip install --python uv/bin/python '{shop.wheel}'")
    return shop.home / "uv/bin/python"


def uv_tool(shop: Shop) -> Path:
    shop.sh(f"uv tool install '{shop.wheel}'")
    return shop.home / ".local/share/uv/tools/mlsec-scanner/bin/python"


def pipx(shop: Shop) -> Path:
    shop.sh(f"pipx install '{shop.wheel}'")
    return shop.home / ".local/share/pipx/venvs/mlsec-scanner/bin/python"


def pipx_elsewhere(shop: Shop) -> Path:
    shop.sh(f"PIPX_HOME='{shop.home}/pip x' PIPX_BIN_DIR=bin pipx install '{shop.wheel}'")
    return shop.home / "pip x/venvs/mlsec-scanner/bin/python"


def ci_script(shop: Shop) -> Path:
    source = shop.home / "source"
    for name in ("ci", "mlsec"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "requirements").mkdir()
    for lock, names in {"ci": NEEDED, "cloud": (*NEEDED, "boto3")}.items():
        files = (f"{name.replace('-', '_')}-99-py3-none-any.whl" for name in names)
        lines = [line_of_lock(shop.wheels / file) for file in files]
        (source / f"requirements/{lock}.lock").write_text("".join(lines))
    shop.sh(f"MLSEC_HOME=ci MLSEC_PYTHON={sys.executable} bash source/ci/install.sh")
    return shop.home / "ci/venv/bin/python"


def line_of_lock(wheel: Path) -> str:
    name, version, *_ = wheel.name.split("-")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


KINDS: Mapping[Callable[[Shop], Path], tuple[str, str]] = {
    pip_environment: (r"\S+/pip/bin/python -m pip install 'boto3>=1.40'", "by pip"),
    uv_environment: (r"uv pip install --python \S+/uv/bin/python 'boto3>=1.40'", "by uv"),
    uv_tool: (r"uv pip install --python \S+/mlsec-scanner/bin/python 'boto3>=1.40'", "by uv tool"),
    pipx: (r"pipx inject mlsec-scanner 'boto3>=1.40'", "by pipx"),
    pipx_elsewhere: (r"PIPX_HOME='\S+/pip x' pipx inject mlsec-scanner 'boto3>=1.40'", "by pipx"),
    ci_script: (
        r"MLSEC_HOME=\S+/ci MLSEC_LOCK=cloud MLSEC_PYTHON=\S+ bash \S+/source/ci/install.sh",
        "by ci/install.sh",
    ),
}


@pytest.mark.parametrize("install", KINDS, ids=lambda install: install.__name__)
def test_the_printed_command_adds_the_package(install: Callable[[Shop], Path], shop: Shop) -> None:
    python = install(shop)
    command, origin = shop.sh(f"'{python}' -I -c \"{ASK}\"").splitlines()
    pattern, installer = KINDS[install]
    assert re.fullmatch(pattern, command), command
    assert origin.endswith(installer)
    assert str(shop.home) in origin
    shop.sh(f"! '{python}' -I -c 'import boto3' 2>&1")
    shop.sh(command)
    shop.sh(f"'{python}' -I -c 'import boto3'")


def test_a_checkout_is_added_to_in_its_own_environment(shop: Shop) -> None:
    command, origin = shop.sh(f'{sys.executable} -I -c "{ASK}"').splitlines()
    assert sys.executable in command
    assert f"installed from {ROOT.as_uri()} (editable), in {sys.prefix} " in origin
    shop.sh(command)


def test_an_image_without_the_sdks_is_built_anew(shop: Shop) -> None:
    source = shop.home / "image"
    shutil.copytree(ROOT / "mlsec" / "core", source / "mlsec" / "core")
    (source / "mlsec" / "__init__.py").touch()
    shop.sh(f"{sys.executable} -m venv --without-pip image/venv && echo ci >image/venv/mlsec-lock")
    [command, _] = shop.sh(
        f"image/venv/bin/python -I -c \"import sys; sys.path.append('image'); {ASK}\""
    ).splitlines()
    assert command == "podman build --build-arg LOCK=cloud -t mlsec ."


def test_doctor_tells_of_another_distribution_in_the_folder(shop: Shop) -> None:
    foreign = shop.add("mlsec", "2.0.0", {"mlsec": "raise ImportError('a stranger')\n"})
    python = shop.home / "twice/bin/python"
    add = f"uv pip install --python {python} --no-deps"
    shop.sh(f"uv venv twice && {add} '{foreign}' && {add} '{shop.wheel}'")
    packages = shop.sh(f"{python} -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'")
    Path(packages.strip(), "needed.pth").write_text(sysconfig.get_path("purelib"))
    done = shop.sh(f"{python} -m mlsec doctor 2>&1 || echo ended with $?")
    assert "mlsec 2.0.0 installed files into mlsec's folder as well" in done
    assert done.splitlines()[-1] == "ended with 2"
    shop.sh(f"uv pip uninstall --python {python} mlsec mlsec-scanner && {add} '{shop.wheel}'")
    assert "rules, digest" in shop.sh(f"{python} -m mlsec doctor").splitlines()[-1]


def test_extras_are_those_of_the_project() -> None:
    declared = {name: tuple(given) for name, given in PROJECT["optional-dependencies"].items()}
    [everything] = declared.pop("all")
    assert declared == EXTRAS
    assert everything == f"{PROJECT['name']}[{','.join(sorted(EXTRAS))}]"
    assert PROJECT["name"] == DISTRIBUTION


FROM_AN_INDEX = re.compile(
    r"""(?x)
    (?<![\w$.{/-]) mlsec (\[[\w,]+\] | [=<>~!]=)          # mlsec[aws], mlsec==1
    | \b(pip3?|pipx|uv|uvx|poetry|pdm|hatch)\b .* \b(install|add|inject|run|--with|--from)\b
      .* [\s'"] mlsec (?= [\s'"`,;)\\] | $ | \.\s )
    """
)


@pytest.mark.parametrize(
    ("line", "is_forbidden"),
    [
        ("pip install mlsec", True),
        ("`pip install -U mlsec`.", True),
        ("python -m pip install 'mlsec[aws]'", True),
        ("hint='uv tool install mlsec'", True),
        ("pipx install mlsec and go on", True),
        ("uvx --from mlsec==2.0 mlsec scan .", True),
        ("install the codecs with mlsec[archives]", True),
        ("dependencies: mlsec>=0.1", True),
        ("pip install mlsec-scanner", False),
        ("pip install './mlsec[aws]'", False),
        ("pip install dist/mlsec_scanner-0.1.0-py3-none-any.whl", False),
        ("~/mlsec/bin/pip install '.[aws]'", False),
        ('"${mlsec[@]}" "${words[@]}"', False),
    ],
)
def test_a_line_that_installs_mlsec_from_an_index_is_recognised(
    line: str, is_forbidden: bool
) -> None:
    assert bool(FROM_AN_INDEX.search(line)) is is_forbidden


def test_no_text_tells_anybody_to_install_mlsec_from_an_index() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", ":!tests"],  # noqa: S607
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert {"README.md", "action.yml", "mlsec/targets/collectors.py"} <= {*names}
    wrong = [
        f"{name}:{number}: {line.strip()}"
        for name in names
        for number, line in enumerate((ROOT / name).read_text("utf-8", "replace").split("\n"), 1)
        if FROM_AN_INDEX.search(line)
    ]
    assert wrong == []
