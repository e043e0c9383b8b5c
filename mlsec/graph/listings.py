"""Which listings of a type there were, and which of them were not whole, by type and scope."""

from __future__ import annotations

from mlsec.core.coverage import Coverage, EmptyListings, TypeCoverage


class Listings:
    """The coverage, indexed once."""

    def __init__(self, coverage: Coverage) -> None:
        self._empty = EmptyListings(coverage.empty)
        self._rows: dict[tuple[str, str], list[TypeCoverage]] = {}
        self._gaps: dict[str, set[str]] = {}
        for row in coverage.rows:
            self._rows.setdefault((row.type, row.scope), []).append(row)
            if not row.is_complete:
                self._gaps.setdefault(row.type, set()).update(row.gaps)

    def of(self, type_name: str, scope: str, region: str) -> list[TypeCoverage]:
        """Give the rows of a type in a scope that cover a region, "" for any of them."""
        rows = self._rows.get((type_name, scope), [])
        return [row for row in rows if not region or row.region in ("", region)]

    def were_made(self, type_name: str, scope: str, region: str) -> bool:
        """Whether a type was asked for there at all, whatever was found."""
        is_empty = self._empty.has(type_name, scope, region)
        return is_empty or bool(self.of(type_name, scope, region))

    def gaps_of(self, type_name: str) -> set[str]:
        """Name the gaps of a type's listings, wherever they were asked for."""
        return self._gaps.get(type_name, set())
