"""Lines of code in which a secret was masked."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.secrets.find import MARK
from mlsec.collect.secrets.masking import masked_kind

# Random characters by themselves are ids and digests in code, far more often than keys.
_AT_RANDOM = ("high-entropy", "encoded")
# What stands before the @ of such an address is a container of the account.
_CONTAINERS = ("abfs://", "abfss://", "wasb://", "wasbs://", "core.windows.net", "onelake")


def masked_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the number and the kind of each line with a secret in it."""
    for number, line in enumerate(text.split("\n"), start=1):
        kind = masked_kind(line) if MARK in line else ""
        is_address = kind == "password-in-url" and any(word in line for word in _CONTAINERS)
        if kind and kind not in _AT_RANDOM and not is_address:
            yield number, kind
