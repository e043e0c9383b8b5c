"""A row for each type in each place that was looked at: what the groups of a coverage come to."""

from __future__ import annotations

import msgspec

from mlsec.core.coverage import Coverage, TypeCoverage


def every_row(coverage: Coverage) -> list[TypeCoverage]:
    """Give the rows there are, and one for each type of each group in each of its places."""
    empty = (
        TypeCoverage(
            type=kind,
            scope=scope,
            region=region,
            excluded_because=group.because,
            listed_by=group.listed_by or msgspec.UNSET,
        )
        for group in coverage.empty
        for scope, region in group.places
        for kind in group.types
    )
    return sorted((*coverage.rows, *empty), key=lambda row: (row.type, row.scope, row.region))
