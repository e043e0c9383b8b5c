"""How this installation of mlsec came to be, and the command that adds packages to it."""

from __future__ import annotations

import enum
import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

# The index has another project under the name of our package and command.
DISTRIBUTION = "mlsec-scanner"
PACKAGE = "mlsec"
# What each extra of pyproject.toml needs: named one by one, these install without our own name.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "archives": ("lz4>=4.3", "py7zr>=0.22", "zstandard>=0.23"),
    "aws": ("boto3>=1.40",),
    "azure": ("azure-core>=1.31", "azure-identity>=1.19", "azure-storage-blob>=12.24"),
    "blake3": ("blake3>=1.0",),
    "bom": ("cyclonedx-python-lib[validation]>=11.12",),
    "completion": ("shtab>=1.13",),
    "fleet": ("procrastinate>=3.10", "psycopg[binary]>=3.2", "pyrage>=1.3"),
    "gcp": ("google-auth>=2.35", "google-cloud-storage>=2.19", "requests>=2.31"),
    "helm": ("helm-python-sdk>=0.2.2",),
    "iac": (
        "tree-sitter>=0.24",
        "tree-sitter-bicep>=1.1",
        "tree-sitter-hcl>=1.2",
        "tree-sitter-typescript>=0.23",
    ),
    "kubernetes": ("kubernetes>=31",),
    "notify": ("apprise>=2.3",),
    "postgres": ("psycopg[binary]>=3.2",),
    "web": ("starlette>=0.46", "uvicorn>=0.34"),
    "xlsx": ("xlsxwriter>=3.2",),
}


class Installer(enum.Enum):
    """What made the environment that mlsec runs in."""

    PIPX = "pipx"
    UV_TOOL = "uv tool"
    CI_SCRIPT = "ci/install.sh"
    IMAGE = "the Containerfile"
    PIP = "pip"
    UV = "uv"


def installer() -> Installer:
    """Say what made this environment, by what each installer leaves in it."""
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return Installer.PIPX
    if (prefix / "uv-receipt.toml").is_file():
        return Installer.UV_TOOL
    if (prefix / "mlsec-lock").is_file():
        has_locks = (_source_folder() / "requirements" / "cloud.lock").is_file()
        return Installer.CI_SCRIPT if has_locks else Installer.IMAGE
    return Installer.PIP if importlib.util.find_spec("pip") else Installer.UV


def command_to_add(extra: str) -> str:
    """Give the command, ready for a shell, that adds what an extra needs to this installation.

    Raises:
        KeyError: ``extra`` is not one of ``EXTRAS``.
    """
    words = shlex.join(EXTRAS[extra])
    python = shlex.quote(sys.executable)
    match installer():
        case Installer.PIPX:
            return f"{_pipx()} inject {shlex.quote(Path(sys.prefix).name)} {words}"
        case Installer.CI_SCRIPT:
            return _ci_command()
        case Installer.IMAGE:
            return "podman build --build-arg LOCK=cloud -t mlsec ."
        case Installer.UV | Installer.UV_TOOL:
            return f"uv pip install --python {python} {words}"
        case Installer.PIP:
            return f"{python} -m pip install {_permission()}{words}"


def origin() -> str:
    """Say from where and by what mlsec was installed, for a person."""
    import importlib.metadata  # noqa: PLC0415 - slow to load, and for mlsec doctor alone
    import json  # noqa: PLC0415 - likewise

    where = f"in {sys.prefix} by {installer().value}"
    try:
        record = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return f"run from {_source_folder()}, {where}"
    if record is None:
        return f"installed from a package index, {where}"
    direct = json.loads(record)
    is_editable = direct.get("dir_info", {}).get("editable", False)
    return f"installed from {direct['url']}{' (editable)' if is_editable else ''}, {where}"


def other_owners() -> tuple[str, ...]:
    """Name the other distributions that installed files into the folder of our package."""
    import importlib.metadata  # noqa: PLC0415 - as in origin

    owners = importlib.metadata.packages_distributions().get(PACKAGE, [])
    others = {name for name in owners if name.lower().replace("_", "-") != DISTRIBUTION}
    return tuple(f"{name} {importlib.metadata.version(name)}" for name in sorted(others))


def _source_folder() -> Path:
    return Path(__file__).resolve().parents[2]


def _ci_command() -> str:
    settings = {
        "MLSEC_HOME": Path(sys.prefix).parent,
        "MLSEC_LOCK": "cloud",
        "MLSEC_PYTHON": Path(sys.executable).resolve(),
    }
    words = [f"{name}={shlex.quote(str(value))}" for name, value in settings.items()]
    return " ".join([*words, "bash", shlex.quote(str(_source_folder() / "ci" / "install.sh"))])


def _pipx() -> str:
    """Name pipx, with its home where that is not the one it looks in by itself."""
    home = Path(sys.prefix).parent.parent
    usual = os.environ.get("PIPX_HOME") or os.path.expanduser("~/.local/share/pipx")  # noqa: PTH111 - a user may have no home
    return "pipx" if home == Path(usual) else f"PIPX_HOME={shlex.quote(str(home))} pipx"


def _permission() -> str:
    """Give the option that pip asks for in a system's own Python, where mlsec got in the same way.

    Source: PEP 668.
    """
    is_system = sys.prefix == sys.base_prefix
    marker = Path(os.__file__).parent / "EXTERNALLY-MANAGED"
    return "--break-system-packages " if is_system and marker.is_file() else ""
