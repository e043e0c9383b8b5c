"""Mappings of code as a shape of the API reads them: the case of keys and ``_`` do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.iac.mapping.path_lookup import fold


class CaseInsensitive(dict[str, Any]):
    """A mapping that also finds a key that is written in another way; the exact one first."""

    def get(self, key: str, default: Any = None) -> Any:
        """Give what stands under a key."""
        written = key if super().__contains__(key) else self._written(key)
        return default if written is None else self[written]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or self._written(key) is not None

    def __missing__(self, key: str) -> Any:
        written = self._written(key)
        if written is None:
            raise KeyError(key)
        return self[written]

    def _written(self, key: object) -> str | None:
        wanted = fold(str(key))
        return next((item for item in self.keys() if fold(item) == wanted), None)


class Block(list[Any]):
    """A list; one of a single mapping is read as that mapping too: so are blocks of Terraform."""

    def get(self, key: str, default: Any = None) -> Any:
        """Give what stands under a key of the only block."""
        only = self._only()
        return default if only is None else only.get(key, default)

    def __getitem__(self, key: Any) -> Any:
        only = self._only() if isinstance(key, str) else None
        return super().__getitem__(key) if only is None else only[key]

    def _only(self) -> CaseInsensitive | None:
        first = next(iter(self), None) if len(self) == 1 else None
        return first if isinstance(first, CaseInsensitive) else None


def loose(value: Any) -> Any:
    """Give plain values with every mapping and list among them loose."""
    if isinstance(value, Mapping):
        return CaseInsensitive({str(key): loose(entry) for key, entry in value.items()})
    return Block(loose(item) for item in value) if isinstance(value, list) else value
