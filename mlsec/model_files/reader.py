"""Model files from snapshot to inventory: artifacts, their folders, and what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.artifacts.facts import Fact, InspectionGap
from mlsec.artifacts.model_folder import RepositoryFile, repository_facts
from mlsec.collect.folders.entry import LEADS_OUT, Entry, Listing, Skipped
from mlsec.collect.tally import Tally
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, Origin, Resource
from mlsec.model_files import shaping
from mlsec.model_files.evidence import INSPECT, LIST, SERVICE, VERIFY, Inspected
from mlsec.model_files.selection import Layout, layout_of, settle
from mlsec.model_files.signatures import Signatures
from mlsec.snapshot.answers import answer_of
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

ARTIFACT, FOLDER = "files.artifact", "files.folder"
# What only the signature of its folder can know of a file or folder.
OF_SIGNATURE = ("signature", "has_policy", "signature_checks", "signers", "unsigned_files")


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give the model files a snapshot reports, target by target.

    Raises:
        MlsecError: the evidence is damaged.
    """
    del vocabulary  # the mapping is fixed: an inspection is our own noun, not a provider's answer
    tally = Tally()
    scopes: dict[str, list[Call]] = {}
    for call in snapshot.calls():
        if call.service == SERVICE:
            scopes.setdefault(call.scope, []).append(call)
    read_in = [_Scope(scope, snapshot, tally).read(calls) for scope, calls in scopes.items()]
    return Inventory(
        resources=tuple(resource for item in read_in for resource in item),
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


class _Scope:
    """One target: what was listed, what was read, what was not."""

    def __init__(self, scope: str, snapshot: Snapshot, tally: Tally) -> None:
        self._scope, self._snapshot, self._tally = scope, snapshot, tally
        self._place = (ARTIFACT, scope, "")
        self._signatures: dict[str, Signatures] = {}
        self._in_repository = self._base = ""
        tally.look(self._place)

    def read(self, calls: Iterable[Call]) -> list[Resource]:
        by_operation: dict[str, list[Call]] = {}
        for call in calls:
            by_operation.setdefault(call.operation, []).append(call)
        listing = self._listing(by_operation.get(LIST, []))
        self._in_repository = listing.in_repository
        self._base = _base_of(listing) or self._id_of("")
        for call in by_operation.get(VERIFY, []):
            signatures = answer_of(self._snapshot, call, Signatures)
            self._signatures[signatures.folder] = signatures
        read = {_file_of(call): call for call in by_operation.get(INSPECT, [])}
        known = settle(
            listing.entries,
            {entry.id: self._inspected(read.get(entry.id)) for entry in listing.entries},
        )
        layout = layout_of(listing.entries, known, self._id_of(""))
        artifacts = self._artifacts(listing, known, layout, read)
        everything = [artifact for inside in artifacts.values() for artifact in inside]
        homed = {folder: inside for folder, inside in artifacts.items() if folder in layout.homes}
        together: dict[str, list[RepositoryFile]] = {folder: [] for folder in homed}
        for entry in listing.entries:
            inspected, folder = known[entry.id], layout.where[entry.path]
            if inspected is not None and folder in together:
                path = entry.path.removeprefix(f"{folder}/") if folder else entry.path
                file = RepositoryFile(path=path, inspection=inspected.inspection)
                together[folder].append(file)
        return [*everything, *self._folders(listing, homed, together)]

    def _artifacts(
        self,
        listing: Listing,
        known: Mapping[str, Inspected | None],
        layout: Layout,
        calls: Mapping[str, Call],
    ) -> dict[str, list[Resource]]:
        """Give the judged files by their folder; what is left out is named for the coverage."""
        artifacts: dict[str, list[Resource]] = {}
        left_out: dict[str, list[str]] = {}
        for entry in listing.entries:
            folder, inspected = layout.where[entry.path], known[entry.id]
            if inspected is None:
                artifact = self._refused(entry, calls.get(entry.id), folder)
            elif reason := layout.left_out_because(entry, inspected):
                left_out.setdefault(reason, []).append(entry.path)
                continue
            else:
                artifact = self._judged(entry, inspected, folder)
            artifacts.setdefault(folder, []).append(artifact)
        for skipped in listing.skipped:
            if skipped.reason is None:
                inside = skipped.id.removeprefix(f"{self._id_of('')}/")
                left_out.setdefault(skipped.why, []).append(inside)
            else:
                self._skip(skipped, skipped.reason)
        for reason, names in left_out.items():
            self._tally.leave_out(self._place, reason, names)
        return artifacts

    def _listing(self, calls: list[Call]) -> Listing:
        if not calls:
            raise MlsecError(
                f"the snapshot has no listing of {self._scope}", location=str(self._snapshot.path)
            )
        return answer_of(self._snapshot, calls[0], Listing)

    def _inspected(self, call: Call | None) -> Inspected | None:
        if call is None or not call.payload:
            return None
        return answer_of(self._snapshot, call, Inspected)

    def _refused(self, entry: Entry, call: Call | None, folder: str) -> Resource:
        reason = GapReason(call.reason) if call and call.reason else GapReason.UNRESOLVED
        detail = call.detail if call else "not read before the scan was stopped"
        gap = self._gap(entry.id, reason, detail, call.right if call else "")
        self._tally.hide(self._place, gap, is_listing=False)
        self._tally.add(self._place, errored=1)
        known = shaping.listed(entry, self._id_of(folder))
        return self._resource(entry, known, {"*": (gap.id,)})

    def _judged(self, entry: Entry, inspected: Inspected, folder: str) -> Resource:
        inspection = inspected.inspection
        is_known = shaping.is_recognised(inspection)
        self._tally.add(self._place, assessed=int(is_known), errored=int(not is_known))
        unread: dict[str, tuple[str, ...]] = {}
        hidden = {self._inspection_gap(entry, gap).id for gap in inspection.gaps}
        unknown = {
            self._inspection_gap(entry, gap).id
            for gap in inspection.gaps
            if not shaping.is_fault_of_file(gap)
        }
        for items, ids in (("detections[]", hidden), ("unread_parts[]", unknown)):
            if ids:
                unread[items] = tuple(sorted(ids))
        known = shaping.listed(entry, self._id_of(folder)) | shaping.inspected(inspection)
        inside = entry.path.removeprefix(f"{folder}/") if folder else entry.path
        signature = self._signatures.get(folder)
        known["sha256"] = shaping.digest_of(entry, inside, inspected.sha256, signature)
        known["signature"], problem = self._signature_of(inside, signature)
        if problem:
            unread["signature"] = problem
        if not shaping.is_recognised(inspection):
            names = ("is_fully_read", "unread_parts", "detections")
            unread |= dict.fromkeys(names, tuple(sorted(hidden)))
        return self._resource(entry, known, unread)

    def _signature_of(
        self, inside: str, signatures: Signatures | None
    ) -> tuple[str, tuple[str, ...]]:
        if (
            signatures is not None
            and shaping.why_unknown_of(signatures)
            and (signatures.problem or inside in signatures.claimed)
        ):
            return "", (self._problem(signatures).id,)
        if signatures is None or inside not in signatures.claimed:
            return "none", ()
        return shaping.result_of(signatures), ()

    def _resource(
        self, entry: Entry, known: Mapping[str, Any], unread: Mapping[str, tuple[str, ...]]
    ) -> Resource:
        return Resource(
            id=entry.id,
            type=ARTIFACT,
            provider="files",
            scope=self._scope,
            name=entry.path,
            properties=known,
            unread=unread,
            origin=Origin(kind="file", file=self._file_of(entry)),
            sources={LIST: "", INSPECT: "", VERIFY: ""},
        )

    def _file_of(self, entry: Entry) -> str:
        """Where annotations go: from the root of the repository, where the target lies in one."""
        start = self._in_repository
        if not start:
            return "" if "://" in entry.id else entry.id
        if start.rpartition("/")[2] == entry.path and entry.id == self._id_of(""):
            return start  # the target is the file
        return entry.path if start == "." else f"{start}/{entry.path}"

    def _folders(
        self,
        listing: Listing,
        artifacts: Mapping[str, list[Resource]],
        together: Mapping[str, list[RepositoryFile]],
    ) -> list[Resource]:
        place = (FOLDER, self._scope, "")
        self._tally.look(place)
        self._tally.add(place, assessed=len(artifacts))
        paths = [entry.path for entry in listing.entries]
        links = [skipped.id for skipped in listing.skipped if skipped.why == LEADS_OUT]
        return [
            self._folder(
                key, inside, paths, repository_facts(together[key], self._below(key, links))
            )
            for key, inside in sorted(artifacts.items())
        ]

    def _below(self, folder: str, links: list[str]) -> frozenset[str]:
        """The links below a folder, by their paths relative to it."""
        start = f"{self._id_of(folder)}/"
        return frozenset(link.removeprefix(start) for link in links if link.startswith(start))

    def _folder(
        self, folder: str, inside: list[Resource], paths: list[str], facts: tuple[Fact, ...]
    ) -> Resource:
        start = f"{folder}/" if folder else ""
        names = [path.removeprefix(start) for path in paths if path.startswith(start)]
        signature = self._signatures.get(folder)
        known = shaping.in_folder(
            [name.lower() for name in names], [item.properties for item in inside]
        ) | shaping.signed(signature, [item.name.removeprefix(start) for item in inside])
        known["detections"] = [shaping.shown(fact) for fact in facts]
        problem = (
            self._problem(signature)
            if signature is not None and shaping.why_unknown_of(signature)
            else None
        )
        hidden = OF_SIGNATURE if signature is not None and signature.problem else ("signature",)
        return Resource(
            id=f"{self._id_of(folder)}/",
            type=FOLDER,
            provider="files",
            scope=self._scope,
            name=folder or (root if (root := self._id_of("")) != "." else "./"),
            properties=known,
            unread=dict.fromkeys(hidden, (problem.id,)) if problem else {},
            # A folder has no place of its own that an annotation could be put on.
            origin=Origin(kind="file", file=inside[0].origin.file if inside else ""),
            sources={LIST: "", INSPECT: "", VERIFY: ""},
        )

    def _problem(self, signatures: Signatures) -> Gap:
        subject = f"{self._id_of(signatures.folder)}/{', '.join(signatures.files)}"
        reason = GapReason.MALFORMED if signatures.problem else GapReason.UNRESOLVED
        gap = self._gap(subject, reason, shaping.why_unknown_of(signatures))
        self._tally.hide((FOLDER, self._scope, ""), gap, is_listing=False)
        return gap

    def _id_of(self, folder: str) -> str:
        root = self._scope.removeprefix("files/")
        return f"{self._base}/{folder}" if folder else root

    def _skip(self, skipped: Skipped, reason: GapReason) -> None:
        gap = self._gap(skipped.id, reason, skipped.why)
        is_listing = skipped.why.startswith("folder: ")
        self._tally.hide(self._place, gap, is_listing=is_listing)
        self._tally.add(self._place, errored=skipped.count)

    def _inspection_gap(self, entry: Entry, unread: InspectionGap) -> Gap:
        where = f"{entry.id}!/{unread.place}" if unread.place else entry.id
        gap = self._gap(where, unread.reason, unread.detail)
        self._tally.hide(self._place, gap, is_listing=False)
        return gap

    def _gap(self, subject: str, reason: GapReason, detail: str, right: str = "") -> Gap:
        return make_gap(
            scope=self._scope,
            subject=subject,
            wanted="content",
            reason=reason,
            missing_right=right,
            detail=detail,
        )


def _base_of(listing: Listing) -> str:
    """Give what paths in a bucket are relative to: of "live/a" as a part of a name it is "live"."""
    entry = next(iter(listing.entries), None)
    if entry is None or "://" not in entry.id:
        return ""
    return entry.id.removesuffix(entry.path).rstrip("/")


def _file_of(call: Call) -> str:
    return call.parameter("file")
