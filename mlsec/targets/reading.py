"""Turn evidence into an inventory, whichever collector took it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlsec.core.coverage import join_coverage
from mlsec.core.errors import MlsecError
from mlsec.core.external_finding import ExternalReport
from mlsec.core.resource import Inventory
from mlsec.core.sanitize import visible
from mlsec.core.waiver_note import WaiverNote
from mlsec.repository.checkov import reader as checkov
from mlsec.repository.evidence import SEVERAL, TARGETS
from mlsec.snapshot.facts import providers_of
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from mlsec.vocabulary.types import Vocabulary

if TYPE_CHECKING:
    from mlsec.repository.changes.change import Change

_CODE = "code"
# Other scanners whose findings are shown beside ours.
EXTERNAL_TOOLS = frozenset({checkov.SERVICE})


def read_inventory(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Read everything that was collected."""
    return join(COLLECTORS[name].read(snapshot, vocabulary) for name in _providers(snapshot))


def read_inventory_before(snapshot: Snapshot, vocabulary: Vocabulary, change: Change) -> Inventory:
    """Read what was collected, with the code as it was before a change."""
    from mlsec.repository.changes.before import record_before  # noqa: PLC0415 - few scans ask

    others = (
        COLLECTORS[name].read(snapshot, vocabulary)
        for name in _providers(snapshot)
        if name != _CODE
    )
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        path = Path(scratch) / "before.mlsnap"
        with Snapshot.create(path) as before:
            record_before(change, before)
            now = {call.scope for call in snapshot.calls() if call.service == _CODE}
            if len(now) > 1:
                before.set_clock(TARGETS, SEVERAL)
            before.finish()
        with Snapshot.open(path) as before:
            return join([*others, COLLECTORS[_CODE].read(before, vocabulary)])


def read_external(snapshot: Snapshot) -> tuple[tuple[ExternalReport, ...], Inventory]:
    """Read what other scanners found, and the files that they could not read."""
    return checkov.read(snapshot)


def read_comment_waivers(snapshot: Snapshot, inventory: Inventory) -> tuple[WaiverNote, ...]:
    """Read the waivers that stand in comments of the code."""
    from mlsec.repository.comment_waivers import waiver_notes  # noqa: PLC0415 - only for code

    has_code = any(call.service == _CODE for call in snapshot.calls())
    return waiver_notes(snapshot, inventory.resources) if has_code else ()


def join(parts: Iterable[Inventory]) -> Inventory:
    """Put several inventories together."""
    inventories = tuple(parts)
    return Inventory(
        resources=tuple(resource for part in inventories for resource in part.resources),
        gaps=tuple(gap for part in inventories for gap in part.gaps),
        coverage=join_coverage(part.coverage for part in inventories),
    )


def _providers(snapshot: Snapshot) -> list[str]:
    """Name the collectors that left evidence, sorted."""
    asked = {call.scope.partition("/")[0] for call in snapshot.calls()}
    # A provider that answered no call has left what it could not read among its places.
    providers = sorted(asked | {*providers_of(snapshot.meta())})
    for name in providers:
        if name not in COLLECTORS:
            raise MlsecError(
                f'the snapshot holds evidence of "{visible(name, 60)}", which is no kind of target'
                " that this mlsec knows",
                hint="update mlsec; or the file is damaged",
                location=str(snapshot.path),
            )
    return providers
