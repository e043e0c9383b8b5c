"""Where the content that ships with the code lies: rules/, reports/ and fixtures/."""

from __future__ import annotations

from pathlib import Path

from mlsec.core.errors import MlsecError

_PACKAGE = Path(__file__).resolve().parent.parent


def content_folder(name: str) -> Path:
    """Find ``rules``, ``reports`` or ``fixtures``: in a checkout, else in the wheel.

    Raises:
        MlsecError: neither place has it (a broken installation).
    """
    for folder in (_PACKAGE.parent / name, _PACKAGE / "content" / name):
        if folder.is_dir():
            return folder
    raise MlsecError(
        f'the folder "{name}" that ships with mlsec was not found', hint="install mlsec again"
    )
