"""What each listing of a type found in a place, looked up by type and scope."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.core.resource import TypeCoverage


class Listings:
    """The rows of coverage, indexed once."""

    def __init__(self, coverage: Iterable[TypeCoverage]) -> None:
        self._rows: dict[tuple[str, str], list[TypeCoverage]] = {}
        self._gaps: dict[str, set[str]] = {}
        for row in coverage:
            self._rows.setdefault((row.type, row.scope), []).append(row)
            if not row.is_complete:
                self._gaps.setdefault(row.type, set()).update(row.gaps)

    def of(self, type_name: str, scope: str, region: str) -> list[TypeCoverage]:
        """Give the rows of a type in a scope that cover a region, "" for any of them."""
        rows = self._rows.get((type_name, scope), [])
        return [row for row in rows if not region or row.region in ("", region)]

    def gaps_of(self, type_name: str) -> set[str]:
        """Name the gaps of a type's listings, wherever they were asked for."""
        return self._gaps.get(type_name, set())
