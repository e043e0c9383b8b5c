"""Where the content that ships with the code lies: rules/, reports/ and fixtures/."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.errors import MlsecError

_PACKAGE = Path(__file__).resolve().parent.parent
# Where packages are installed, each may bring a folder of any name beside ours.
_SHARED = ("site-packages", "dist-packages")


def content_folder(name: str) -> Path:
    """Find ``rules``, ``reports`` or ``fixtures``: inside the package, or beside it in a checkout.

    Raises:
        MlsecError: it is not there (a broken installation).
    """
    folder = _home() / name
    if folder.is_dir():
        return folder
    raise MlsecError(
        f'the folder "{name}" that ships with mlsec was not found', hint="install mlsec again"
    )


def _home() -> Path:
    """Give the folder that holds all of it: a wheel's own wherever there is one."""
    own = _PACKAGE / "content"
    is_checkout = not (own / "rules").is_dir() and _PACKAGE.parent.name not in _SHARED
    return _PACKAGE.parent if is_checkout else own
