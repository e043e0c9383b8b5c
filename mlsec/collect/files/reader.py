"""Model files from snapshot to inventory: artifacts, their folders, and what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.artifacts.facts import Fact, Format, Hole, Inspection
from mlsec.collect.files import folders
from mlsec.collect.files.entry import Entry, Listing, Skipped
from mlsec.collect.files.evidence import INSPECT, LIST, SERVICE, Inspected
from mlsec.collect.tally import Tally
from mlsec.core.closed_sets import GapReason
from mlsec.core.digest import make_gap
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, Origin, Resource
from mlsec.core.vocabulary import Vocabulary
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

ARTIFACT, FOLDER = "files.artifact", "files.folder"
# Formats whose loaders run code that the file names, by design of the format.
RUNS_CODE = frozenset({
    Format.PICKLE, Format.JOBLIB, Format.TORCH_ZIP, Format.TORCH_LEGACY, Format.TORCHSCRIPT,
    Format.TORCH_EXPORT, Format.PYTHON, Format.EXECUTABLE,
})  # fmt: skip
# What is no model by itself; a file of these is judged only when something was found in it.
NO_MODEL = frozenset({Format.TEXT, Format.JSON, Format.YAML, Format.XML, Format.SIGNATURE})


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give the model files a snapshot tells of, target by target."""
    del vocabulary  # the mapping is fixed: an inspection is our own noun, not a provider's answer
    resources: list[Resource] = []
    tally = Tally()
    for scope, calls in _by_scope(snapshot).items():
        resources += _Scope(scope, snapshot, tally).read(calls)
    return Inventory(
        resources=tuple(resources),
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


def _by_scope(snapshot: Snapshot) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in snapshot.calls():
        if call.service == SERVICE:
            found.setdefault(call.scope, []).append(call)
    return found


class _Scope:
    """One target: what was listed, what was read, what was not."""

    def __init__(self, scope: str, snapshot: Snapshot, tally: Tally) -> None:
        self._scope, self._snapshot, self._tally = scope, snapshot, tally
        self._place = (ARTIFACT, scope, "")
        tally.look(self._place)

    def read(self, calls: Iterable[Call]) -> list[Resource]:
        by_operation: dict[str, list[Call]] = {}
        for call in calls:
            by_operation.setdefault(call.operation, []).append(call)
        listing = self._listing(by_operation.get(LIST, []))
        read = {self._file_of(call): call for call in by_operation.get(INSPECT, [])}
        where = folders.folders_of(entry.path for entry in listing.entries)
        artifacts = []
        for entry in listing.entries:
            artifacts += self._artifact(entry, read.get(entry.id), where[entry.path])
        for skipped in listing.skipped:
            self._skip(skipped)
        return [*artifacts, *self._folders(listing, artifacts)]

    def _listing(self, calls: list[Call]) -> Listing:
        if not calls:
            raise MlsecError(
                f"the snapshot has no listing of {self._scope}", location=str(self._snapshot.path)
            )
        listing: Listing = self._decoded(calls[0], Listing)
        return listing

    def _decoded(self, call: Call, kind: Any) -> Any:
        try:
            return msgspec.json.decode(self._snapshot.payload_bytes(call.payload), type=kind)
        except msgspec.MsgspecError as error:
            raise MlsecError(
                f"the evidence of {call.params} is damaged: {error}",
                location=str(self._snapshot.path),
            ) from None

    def _file_of(self, call: Call) -> str:
        return str(msgspec.json.decode(call.params)["file"])

    def _artifact(self, entry: Entry, call: Call | None, folder: str) -> list[Resource]:
        if call is None or not call.payload:
            reason = GapReason(call.reason) if call and call.reason else GapReason.UNRESOLVED
            detail = call.detail if call else "not read before the scan was stopped"
            gap = self._gap(entry.id, reason, detail)
            self._tally.hide(self._place, gap, is_listing=False)
            self._tally.add(self._place, errored=1)
            known = _listed(entry, self._folder_id(folder))
            return [self._resource(entry, known, {"*": (gap.id,)})]
        inspection = self._decoded(call, Inspected).inspection
        format_ = inspection.formats[0]
        if format_ in NO_MODEL and not inspection.facts and not inspection.holes:
            self._tally.exclude(self._place, f"no model file by its content: {format_.value}")
            return []
        self._tally.add(self._place, assessed=1)
        return [self._judged(entry, inspection, folder)]

    def _judged(self, entry: Entry, inspection: Inspection, folder: str) -> Resource:
        unread: dict[str, tuple[str, ...]] = {}
        facts = [_shown(fact) for fact in inspection.facts]
        hidden = [self._hole_gap(entry, hole) for hole in inspection.holes]
        if hidden:
            facts += [{"place": hole.place, "detail": hole.detail} for hole in inspection.holes]
            unread["facts[]"] = tuple(sorted({gap.id for gap in hidden}))
        format_ = inspection.formats[0]
        known = _listed(entry, self._folder_id(folder)) | {
            "format": format_.value,
            "formats": sorted(each.value for each in inspection.formats),
            "runs_code": not RUNS_CODE.isdisjoint(inspection.formats),
            "facts": facts,
            "is_read_whole": not inspection.holes,
            "unread_parts": [
                {"reason": hole.reason.value, "place": hole.place, "detail": hole.detail}
                for hole in inspection.holes
            ],
            "members": inspection.members,
            "bytes_read": inspection.bytes_read,
            "licence": _text(inspection.properties, "license"),
            "producer": _text(inspection.properties, "producer"),
            "signature": "none",
        }
        if format_ is Format.UNKNOWN:
            gap = self._gap(entry.id, GapReason.UNSUPPORTED, "no reader knows this format")
            self._tally.hide(self._place, gap, is_listing=False)
            unread["is_read_whole"] = unread["facts"] = (gap.id,)
        return self._resource(entry, known, unread)

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
            origin=_origin(entry),
            sources={"List": "", "Inspect": ""},
        )

    def _folders(self, listing: Listing, artifacts: list[Resource]) -> list[Resource]:
        members: dict[str, list[Resource]] = {}
        for artifact in artifacts:
            members.setdefault(str(artifact.properties["folder"]), []).append(artifact)
        paths = [entry.path for entry in listing.entries]
        place = (FOLDER, self._scope, "")
        self._tally.look(place)
        self._tally.add(place, assessed=len(members))
        return [self._folder(key, inside, paths) for key, inside in sorted(members.items())]

    def _folder(self, key: str, inside: list[Resource], paths: list[str]) -> Resource:
        relative = key.removeprefix(self._folder_id("")).lstrip("/")
        names = [
            path.lower() for path in paths if path.startswith(f"{relative}/" if relative else "")
        ]
        formats = sorted({str(each.properties.get("format", "")) for each in inside} - {""})
        licences = sorted({str(each.properties.get("licence") or "") for each in inside} - {""})
        known: dict[str, Any] = {
            "file_count": len(names),
            "formats": formats,
            "facts": [],
            "licence": licences[0] if licences else None,
            "has_card": any(name.rpartition("/")[2] in folders.CARDS for name in names),
            "has_bill": any(name.endswith(folders.BILL_ENDINGS) for name in names),
            "has_provenance": any(name.endswith(folders.PROVENANCE_ENDINGS) for name in names),
            "signature": "none",
            "has_policy": False,
            "signature_checks": [],
            "signers": [],
            "unsigned_files": [],
        }
        return Resource(
            id=f"{key}/",
            type=FOLDER,
            provider="files",
            scope=self._scope,
            name=relative or key,
            properties=known,
            origin=_origin(None),
        )

    def _folder_id(self, folder: str) -> str:
        root = self._scope.removeprefix("files/")
        return f"{root}/{folder}" if folder else root

    def _skip(self, skipped: Skipped) -> None:
        if skipped.reason is None:
            self._tally.exclude(self._place, skipped.why)
            return
        gap = self._gap(skipped.id, skipped.reason, skipped.why)
        is_listing = skipped.why.startswith("folder: ")
        self._tally.hide(self._place, gap, is_listing=is_listing)
        self._tally.add(self._place, errored=1)

    def _hole_gap(self, entry: Entry, hole: Hole) -> Gap:
        where = f"{entry.id}!/{hole.place}" if hole.place else entry.id
        gap = self._gap(where, hole.reason, hole.detail)
        self._tally.hide(self._place, gap, is_listing=False)
        return gap

    def _gap(self, subject: str, reason: GapReason, detail: str) -> Gap:
        return make_gap(
            scope=self._scope, subject=subject, wanted="content", reason=reason, detail=detail
        )


def _listed(entry: Entry, folder: str) -> dict[str, Any]:
    return {
        "path": entry.path,
        "extension": _extension(entry.path),
        "size_bytes": entry.size_bytes,
        "etag": entry.etag or None,
        "sha256": entry.digests.get("sha256"),
        "bucket_name": entry.bucket or None,
        "uris": _addresses(entry.id),
        "folder": folder,
    }


def _addresses(entry_id: str) -> list[str]:
    """Its own address and those of the folders above, with and without the last slash."""
    scheme, found, path = entry_id.partition("://")
    parts = path.split("/")
    above = ["/".join(parts[:n]) for n in range(1, len(parts))]
    start = f"{scheme}://" if found else ""
    folders_above = [f"{start}{folder}" for folder in above if folder] if found else []
    return [entry_id, *folders_above, *(f"{folder}/" for folder in folders_above)]


def _extension(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    stem, dot, ending = name.rpartition(".")
    return f".{ending}" if dot and stem else ""


def _shown(fact: Fact) -> dict[str, Any]:
    return {
        "kind": fact.kind.value,
        "danger": fact.danger.value,
        "subject": fact.subject,
        "place": fact.place,
        "offset": fact.offset,
        "detail": fact.detail,
    }


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return value if isinstance(value, str) and value else None


def _origin(entry: Entry | None) -> Origin:
    if entry is None or "://" in entry.id:
        return Origin(kind="file")
    return Origin(kind="file", file=entry.id, line=1)
