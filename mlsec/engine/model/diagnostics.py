"""Diagnostics in rule files, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document


class RuleFilesError(MlsecError):
    """Every mistake of every rule file; ``errors`` holds one MlsecError per mistake."""

    def __init__(self, errors: Sequence[MlsecError], where: str = "rule files") -> None:
        self.errors = tuple(errors)
        count = len(self.errors)
        what = "1 mistake" if count == 1 else f"{count} mistakes"
        super().__init__("\n".join([*map(str, self.errors), f"{what} in {where}"]))


class Diagnostics:
    """Gathers what is wrong with one document; ``add`` never raises."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[MlsecError] = []

    def add(self, message: str, *path: str | int, hint: str = "") -> None:
        """Record one mistake at the key (or, with a last "=", the value) under ``path``."""
        self.errors.append(MlsecError(message, hint=hint, location=self.document.where(*path)))
