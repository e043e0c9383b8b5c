"""Clusters from snapshot to inventory, with the servers among the processes that they start."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeScope
from mlsec.collect.code.launch import Launch
from mlsec.collect.tally import Tally
from mlsec.core.coverage import join_coverage
from mlsec.core.resource import Inventory, Resource
from mlsec.providers.kubernetes.collect.reader import read_live
from mlsec.repository.readers import read_launches
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


def read_clusters(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what clusters answered, and the model servers that run in them.

    Raises:
        MlsecError: the snapshot's facts are damaged.
    """
    live = read_live(snapshot, vocabulary)
    tally = Tally()
    by_scope: dict[str, list[Launch]] = {}
    for launch in live.launches:
        by_scope.setdefault(launch.scope, []).append(launch)
    servers: list[Resource] = []
    for scope, launches in by_scope.items():
        declared = read_launches(CodeScope(scope, (), tally), vocabulary, tuple(launches))
        servers += declared.resources
    own = live.inventory
    gaps = {gap.id: gap for gap in (*own.gaps, *tally.gaps.values())}
    return Inventory(
        resources=(*own.resources, *servers),
        gaps=tuple(gaps[key] for key in sorted(gaps)),
        coverage=join_coverage((own.coverage, tally.coverage())),
    )
