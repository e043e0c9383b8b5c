"""checkov over a folder target: what it says becomes evidence, and why it says nothing too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.external_finding import ExternalRun
from mlsec.core.named_file import read_named_file
from mlsec.repository.checkov.output import Names, read_output
from mlsec.repository.checkov.program import Program, ProgramFailure, run_checkov
from mlsec.repository.checkov.reader import SERVICE
from mlsec.repository.collector import scope_of
from mlsec.repository.evidence import SERVICE as CODE
from mlsec.repository.evidence import file_of
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

RUN = "Run"
MAX_JSON_BYTES = 256 * 1024 * 1024
# What checkov has a reader for, and we keep as code.
LANGUAGES = frozenset({
    Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.TERRAFORM_PLAN,
    Language.CLOUDFORMATION, Language.ARM, Language.BICEP, Language.KUBERNETES,
    Language.DOCKERFILE,
})  # fmt: skip


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Run checkov over the code that was kept of a target, or take what it said before."""
    if settings.checkov_json is not None:
        take_json(target, snapshot, settings.checkov_json)
        return
    if progress is not None:
        progress(0, 0, "checkov")
    run_over(target, snapshot, Program(path=settings.checkov))


def run_over(target: str, snapshot: Snapshot, program: Program) -> None:
    """Run checkov over the code that was kept of a target."""
    scope = scope_of(target)
    files = _files(snapshot, scope)
    if not files:
        return
    done = run_checkov(program, _bodies(target, files))
    if isinstance(done, ProgramFailure):
        _record_trouble(snapshot, scope, len(files), done.reason, done.detail)
        return
    body, folder = done
    try:
        result = read_output(body, _names(files, folder))
    except MlsecError as error:
        _record_trouble(snapshot, scope, len(files), GapReason.MALFORMED, str(error))
    else:
        _record(snapshot, scope, result)


def take_json(target: str, snapshot: Snapshot, saved: Path) -> None:
    """Take what checkov said of a target before.

    Raises:
        MlsecError: the file cannot be read or is not checkov's JSON.
    """
    scope = scope_of(target)
    _record(snapshot, scope, _read(saved, _names(_files(snapshot, scope), "")))


def check_json(saved: Path) -> None:
    """Refuse a saved output that could not be taken, before a long collection.

    Raises:
        MlsecError: the file cannot be read or is not checkov's JSON.
    """
    _read(saved, Names(files={}, folder=""))


def _read(saved: Path, names: Names) -> ExternalRun:
    try:
        return read_output(read_json(saved), names)
    except MlsecError as error:
        error.location = error.location or str(saved)
        raise


def read_json(saved: Path) -> bytes:
    """Read a saved output.

    Raises:
        MlsecError: it cannot be read, or is larger than any honest one.
    """
    try:
        return read_named_file(saved, MAX_JSON_BYTES)
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=str(saved)) from None


def _files(snapshot: Snapshot, scope: str) -> dict[str, CodeFile]:
    calls = [item for item in snapshot.calls() if item.service == CODE and item.scope == scope]
    kept = (file_of(call, snapshot) for call in calls if call.payload)
    return {
        file.path: file
        for file in kept
        # These say checkov what to do, and may name Python code for it to load.
        if file.language in LANGUAGES
        and not any(part.startswith(".checkov") for part in file.path.split("/"))
    }


def _names(files: dict[str, CodeFile], folder: str) -> Names:
    return Names(
        files={path: (value.id, value.shown) for path, value in files.items()}, folder=folder
    )


def _bodies(target: str, files: dict[str, CodeFile]) -> Iterator[tuple[str, bytes]]:
    """The files as they are on disk: a masked secret would pass a check for secrets."""
    store = LocalStore(Path(target))
    for entry in store.listing().entries:
        if entry.path not in files:
            continue
        try:
            source = store.open(entry)
        except OSError:
            body = files[entry.path].text.encode()  # gone since: as it was kept
        else:
            try:
                body = b"".join(Window.over(source).blocks())
            finally:
                store.close(source)
        yield entry.path, body


def _record(snapshot: Snapshot, scope: str, external_run: ExternalRun) -> None:
    body = canonical(external_run)
    snapshot.record(_call(scope, payload=digest_of(body)), body)


def _record_trouble(
    snapshot: Snapshot, scope: str, given: int, reason: GapReason, detail: str
) -> None:
    """Keep how many files it was to read and why it did not."""
    body = canonical(ExternalRun(tool="checkov", version="", given=given))
    call = _call(scope, payload=digest_of(body))
    snapshot.record(msgspec.structs.replace(call, reason=reason.value, detail=detail), body)


def _call(scope: str, *, payload: str) -> Call:
    return Call(
        scope=scope, region="", service=SERVICE, operation=RUN, payload=payload,
        status=CallStatus.DONE,
    )  # fmt: skip
