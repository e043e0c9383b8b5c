"""The code of a target from snapshot to inventory: each file to its reader, none left over."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mlsec.collect.code.code_file import FILE_TYPE, CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Inventory, Origin, Resource
from mlsec.repository.branch_downloads import branch_downloads
from mlsec.repository.embedded import embedded_files
from mlsec.repository.encrypted import ENCRYPTED
from mlsec.repository.evidence import SERVICE, SEVERAL, TARGETS, file_of, id_of
from mlsec.repository.file_secrets import secrets_of
from mlsec.repository.module_policies import module_policies
from mlsec.repository.readers import READERS, read_launches
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

_CODE = "code/"
_OF_TEXT = ("language", "unresolved_parts", "branch_downloads", "module_policies")


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give what the code in a snapshot declares, target by target.

    Raises:
        MlsecError: the evidence is damaged.
    """
    tally = Tally()
    scopes: dict[str, list[Call]] = {}
    for call in snapshot.calls():
        if call.service == SERVICE:
            scopes.setdefault(call.scope, []).append(call)
    # A target that held no code before a change is one of several all the same.
    are_several = snapshot.clock().get(TARGETS) == SEVERAL or len(scopes) > 1
    resources = [
        resource
        for name, calls in scopes.items()
        for resource in _read_scope(
            CodeScope(
                name,
                (file_of(call, snapshot) for call in calls if call.payload),
                tally,
                embedded_files,
                prefix=f"{name.removeprefix(_CODE)}/" if are_several else "",
            ),
            [call for call in calls if not call.payload],
            vocabulary,
        )
    ]
    return Inventory(
        resources=tuple(resources),
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


def _read_scope(scope: CodeScope, lost: list[Call], vocabulary: Vocabulary) -> list[Resource]:
    declared = [reader(scope, vocabulary) for reader in READERS]
    launches = tuple(launch for item in declared for launch in item.launches)
    declared.append(read_launches(scope, vocabulary, launches))
    files = [_file(scope, file) for file in scope.files]
    files += [_lost(scope, call) for call in lost]
    return [*(resource for item in declared for resource in item.resources), *files]


def _file(scope: CodeScope, file: CodeFile) -> Resource:
    """Give a file as a resource of its own, and count whether it was understood."""
    place = (FILE_TYPE, scope.name, "")
    if file.language in (Language.KEY, Language.HELM_VALUES, Language.SETTINGS):
        scope.take(file)
    if file.id not in scope.taken and file.id not in scope.refused:
        scope.refuse(file, f"no reader for a {file.language.value}", reason=GapReason.UNSUPPORTED)
    refused = scope.refused.get(file.id, ())
    doubts = scope.doubts.get(file.id, [])
    scope.tally.add(place, assessed=int(not refused), errored=int(bool(refused)))
    for gap_id in (*refused, *(gap.id for gap in doubts)):
        scope.tally.hide(place, scope.tally.gaps[gap_id], is_listing=False)
    unread = {"unresolved_parts": tuple(refused)} if refused else {}
    secrets = secrets_of(file)
    downloads = tuple(branch_downloads(file))
    policies = tuple(module_policies(file))
    return _resource(
        scope,
        file.id,
        file.shown,
        {
            "path": file.shown,
            "language": file.language.value,
            "unresolved_parts": [_shown(gap, file.id) for gap in doubts],
            "secrets": [{"kind": item.kind, "what": item.what} for item in secrets],
            "branch_downloads": [{"what": f"line {line}: {what}"} for line, what in downloads],
            "module_policies": [{"what": f"line {line}: {what}"} for line, what in policies],
        },
        unread,
        {
            **{f"secrets[{n}]": f"{file.shown}:{item.line}:1" for n, item in enumerate(secrets)},
            **{
                f"{name}[{n}]": f"{file.shown}:{line}:1"
                for name, lines in (("branch_downloads", downloads), ("module_policies", policies))
                for n, (line, _) in enumerate(lines)
            },
        },
    )


def _lost(scope: CodeScope, call: Call) -> Resource:
    file_id = id_of(call)
    gap = make_gap(
        scope=scope.name,
        subject=file_id,
        wanted="content",
        reason=GapReason(call.reason),
        detail=call.detail,
    )
    place = (FILE_TYPE, scope.name, "")
    scope.tally.hide(place, gap, is_listing=False)
    scope.tally.add(place, errored=1)
    if call.detail.endswith(f": {ENCRYPTED}"):
        # No secret stands there in clear; the rest is not known.
        unread = dict.fromkeys(_OF_TEXT, (gap.id,))
        return _resource(scope, file_id, file_id, {"path": file_id, "secrets": []}, unread)
    return _resource(scope, file_id, file_id, {"path": file_id}, {"*": (gap.id,)})


def _shown(gap: Gap, file_id: str) -> dict[str, str]:
    line = gap.subject.removeprefix(file_id).lstrip(":")
    return {"what": f"line {line}: {gap.detail}" if line else gap.detail, "line": line}


def _resource(
    scope: CodeScope,
    file_id: str,
    path: str,
    properties: dict[str, object],
    unread: Mapping[str, tuple[str, ...]],
    places: Mapping[str, str] = MappingProxyType({}),
) -> Resource:
    return Resource(
        id=f"{scope.name}#{file_id}",
        type=FILE_TYPE,
        provider="code",
        scope=scope.name,
        name=path,
        properties={name: value for name, value in properties.items() if name not in unread},
        unread=unread,
        origin=Origin(kind="iac", file=path, line=1),
        places=places,
    )
