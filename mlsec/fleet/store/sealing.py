"""Encryption of what lies in a store, with age: who collects can write, and only the judge read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.named_file import read_named_text

# The variable that names the file of the judge's own key.
IDENTITY = "MLSEC_FLEET_IDENTITY"
_SUFFIX = ".age"


class Sealing:
    """Encrypts to public keys; with none, everything is kept as it is."""

    def __init__(self, recipients: tuple[str, ...]) -> None:
        self._recipients = recipients

    @property
    def suffix(self) -> str:
        """How the names of encrypted objects end."""
        return _SUFFIX if self._recipients else ""

    def seal(self, file: Path, into: Path) -> Path:
        """Give the encrypted form of a file.

        Raises:
            MlsecError: a recipient is no age public key, or pyrage is not installed.
        """
        if not self._recipients:
            return file
        pyrage = _pyrage()
        try:
            keys = [pyrage.x25519.Recipient.from_str(text) for text in self._recipients]
        except pyrage.RecipientError as error:
            raise MlsecError(f"a recipient is no age public key: {error}") from None
        pyrage.encrypt_file(str(file), str(into), keys)
        return into

    def open(self, file: Path, into: Path) -> Path:
        """Give the content of an encrypted file.

        Raises:
            MlsecError: there is no key, or it is not the right one, or the file was changed.
        """
        if not self._recipients:
            return file
        pyrage = _pyrage()
        try:
            pyrage.decrypt_file(str(file), str(into), [_identity(pyrage)])
        except pyrage.DecryptError as error:
            raise MlsecError(f"a shard cannot be decrypted: {error}") from None
        return into


def _identity(pyrage: Any) -> Any:
    path = os.environ.get(IDENTITY, "")
    try:
        text = read_named_text(Path(path)) if path else ""
        lines = [line.strip() for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
        return pyrage.x25519.Identity.from_str(lines[0] if lines else "")
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        # What is wrong with it is not said: the text of a key might be in it.
        raise MlsecError(
            f"shards are encrypted, and {IDENTITY} names no file with an age secret key",
            hint="age-keygen makes one; only the process that judges needs it",
        ) from None


def _pyrage() -> Any:
    try:
        import pyrage  # noqa: PLC0415 - only where shards are encrypted
    except ModuleNotFoundError:
        raise MlsecError("encryption needs pyrage", hint=command_to_add("fleet")) from None
    return pyrage
