"""The code of a folder target, from the listing of its files to the snapshot."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.collect.code.code_file import CodeFile, Language, Rendering
from mlsec.collect.folders.entry import Entry, Listing
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.folders.tracked import Tracked
from mlsec.collect.run_facts import salt_of
from mlsec.collect.secrets.masking import Masker
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.custom_resource_definitions import without_schemas
from mlsec.core.enums import GapReason
from mlsec.core.errors import LimitError, MlsecError
from mlsec.core.regex import regex
from mlsec.core.sanitize import plain_name
from mlsec.repository.cdk_packages import without_websites
from mlsec.repository.declared_secrets import secret_spans, sensitive_variables
from mlsec.repository.encrypted import ENCRYPTED, is_encrypted
from mlsec.repository.evidence import file_call, gap_call
from mlsec.repository.file_secrets import is_key_name
from mlsec.repository.installed_modules import of_called_modules
from mlsec.repository.language import DATA, language_of, may_matter
from mlsec.repository.notebooks import code_of_notebook
from mlsec.repository.plan_secrets import sensitive_texts
from mlsec.repository.rendering import is_root_name, renderings
from mlsec.repository.terraform_reads import named_call, read_by_terraform
from mlsec.servers.shell.heredocs import with_heredocs
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot
from mlsec.snapshot.writer import cleaned

# Beyond this no person wrote it; plans of large estates come near it.
MAX_BYTES = 64 * 1024 * 1024
_QUOTED = (
    Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.BICEP, Language.PYTHON,
    Language.NOTEBOOK, Language.JAVASCRIPT,
)  # fmt: skip
# Files in one transaction; all of them are in memory together.
_AT_ONCE = 64
_AT_ONCE_BYTES = 8 * 1024 * 1024
_VALUES = (".tfvars", ".tfvars.json")
# What a tool makes of code, and what could stand for it.
_MADE = (
    Language.TERRAFORM_PLAN, Language.ARM, Language.CLOUDFORMATION, Language.TERRAFORM,
    Language.TERRAFORM_MODULES, Language.PULUMI_OUTPUT,
)  # fmt: skip
_LARGEST_KEY = 64 * 1024
# What is read in folders of tools, which are left out as a whole otherwise.
_INSIDE = {".terraform": "modules"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# Words without which nothing of what ends so declares anything, escaped ones included; tables and
# collections of texts are as large, and are no code.
_SAID = regex(
    rb"apiVersion|(?:AWS|Alexa|Custom)::|services|(?i:deploymentTemplate)|terraform_version"
    rb"|\\(?:x|u00|U000000)[4-7]|\x00"
)
_SAID_BYTES = 32


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Read every file that declares something; the caller finishes the snapshot.

    Raises:
        MlsecError: the target is not there.
    """
    store = LocalStore(
        Path(target), settings.written, settings.in_use, settings.excluded, inside=_INSIDE
    )
    listing = store.listing()
    scope = scope_of(target)
    entries = [entry for entry in listing.entries if _is_wanted(entry)]
    tracked = Tracked()
    entries = of_called_modules(
        entries, lambda entry: _bytes(entry, store), lambda e: tracked.may_hold(store.path_of(e))
    )
    entries = without_websites(entries, lambda entry: _bytes(entry, store))
    read_there = read_by_terraform(entries, listing.entries, lambda entry: _bytes(entry, store))
    named = frozenset(entry.path for entry in read_there)
    known = {entry.path for entry in entries}
    entries += [entry for entry in read_there if entry.path not in known]
    if not entries:
        return
    masker = Masker(salt_of(snapshot, settings), _sensitive(entries, store))
    roots = {entry.path: entry for entry in entries if is_root_name(entry.path)}
    done = 0
    for several in _together(entries):
        if progress is not None and done:
            progress(done, len(entries), several[0].path)
        ends = (
            _read(scope, entry, store, listing, masker, tracked, is_named=entry.path in named)
            for entry in several
            if entry.path not in roots
        )
        # One transaction for many files: each costs as long as reading one.
        snapshot.record_all(
            cleaned(snapshot.clean, end, is_clean=True) for end in ends if end is not None
        )
        done += len(several)
    if roots:
        _record_roots(scope, roots, store, listing, masker, snapshot)


def _is_wanted(entry: Entry) -> bool:
    """Whether a file is worth opening, by its name; slides end as keys do, and are larger."""
    is_large = entry.size_bytes > _LARGEST_KEY
    return may_matter(entry.path) and not (is_large and is_key_name(entry.path.lower()))


def _record_roots(
    scope: str,
    roots: Mapping[str, Entry],
    store: LocalStore,
    listing: Listing,
    masker: Masker,
    snapshot: Snapshot,
) -> None:
    """Record each chart and kustomization, with what it becomes where it is a root."""
    by_path = {entry.path: entry for entry in listing.entries}
    left, tracked = dict(roots), Tracked()

    def read(path: str) -> bytes | None:
        return _bytes(by_path[path], store) if path in by_path else None

    for path, rendering in renderings(by_path, read, masker):
        entry = left.pop(path, None)
        if entry is not None:
            end = _read(scope, entry, store, listing, masker, tracked, rendering)
            if end is not None:
                snapshot.record_all([cleaned(snapshot.clean, end, is_clean=True)])
    ends = (_read(scope, entry, store, listing, masker, tracked) for entry in left.values())
    snapshot.record_all(
        cleaned(snapshot.clean, end, is_clean=True) for end in ends if end is not None
    )


def _together(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Group files that are kept at once: few enough for memory, however large each is."""
    group: list[Entry] = []
    for entry in entries:
        size = sum(item.size_bytes for item in group)
        if group and (len(group) == _AT_ONCE or size + entry.size_bytes > _AT_ONCE_BYTES):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _sensitive(entries: list[Entry], store: LocalStore) -> frozenset[str]:
    """Name the sensitive variables of all modules: their values stand in files of their own."""
    if not any(entry.path.lower().endswith(_VALUES) for entry in entries):
        return frozenset()
    code = (item for item in entries if item.path.lower().endswith((".tf", ".tofu")))
    return sensitive_variables(
        (_bytes(item, store) or b"").decode("utf-8", "replace") for item in code
    )


def _may_be_code(path: str, window: Window) -> bool:
    """Whether a file that is too large to be read may be code, by its name or a word of it."""
    if language_of(path, "") is not None or not path.lower().endswith(DATA):
        return True
    end = b""
    for block in window.blocks():
        if _SAID.search(end + block):
            return True
        end = block[-_SAID_BYTES:]
    return False


def _bytes(entry: Entry, store: LocalStore) -> bytes | None:
    """Give a file's content; None when it cannot be read."""
    try:
        source = store.open(entry)
    except OSError:
        return None
    try:
        return Window.over(source).read(0, MAX_BYTES)
    except ArtifactError:
        return None
    finally:
        store.close(source)


def scope_of(target: str) -> str:
    """Name what a target covers, as reports group it."""
    return f"code/{plain_name(target).rstrip('/') or '/'}"


def _read(
    scope: str,
    entry: Entry,
    store: LocalStore,
    listing: Listing,
    masker: Masker,
    tracked: Tracked,
    rendering: Rendering | msgspec.UnsetType = msgspec.UNSET,
    *,
    is_named: bool = False,
) -> tuple[Call, bytes | None] | None:
    try:
        source = store.open(entry)
    except OSError as error:
        return gap_call(scope, entry.id, GapReason.DENIED, error.strerror or "cannot be read")
    try:
        # It may have grown since it was listed.
        if source.size_bytes > MAX_BYTES:
            if not _may_be_code(entry.path, Window.over(source)):
                return None  # what it is as a model file is reported where model files are read
            detail = f"larger than {MAX_BYTES // 1024 // 1024} MiB"
            return gap_call(scope, entry.id, GapReason.OVER_LIMIT, detail)
        body = b"".join(Window.over(source).blocks())
    except ArtifactError as error:
        return gap_call(scope, entry.id, error.reason, error.message)
    finally:
        store.close(source)
    where = _in_repository(listing.in_repository, entry.path)
    if is_named and language_of(entry.path, text_of(body)) is None:
        return named_call(scope, entry, where, body, masker)
    is_committed = entry.path.lower().endswith(".json") and tracked.may_hold(store.path_of(entry))
    return code_call(
        scope, entry.id, entry.path, where, body, masker,
        is_committed=is_committed, rendering=rendering,
    )  # fmt: skip


def text_of(body: bytes) -> str:
    """Give what stands in a file; a mark at its start says where a letter has several bytes."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8-sig")
    return body.decode(encoding, "replace")


def code_call(
    scope: str,
    file_id: str,
    path: str,
    in_repository: str,
    body: bytes,
    masker: Masker,
    *,
    is_committed: bool = False,
    rendering: Rendering | msgspec.UnsetType = msgspec.UNSET,
) -> tuple[Call, bytes | None] | None:
    """Give the record of one file's bytes; None when they declare nothing that we read."""
    # Nothing that is read of a repository stands in the schema of a custom kind.
    text = without_schemas(text_of(body))
    language = language_of(path, text)
    if language is None:
        return None
    if is_encrypted(body):
        return gap_call(scope, file_id, GapReason.UNSUPPORTED, f"{language.value}: {ENCRYPTED}")
    if b"\x00" in body:
        return gap_call(scope, file_id, GapReason.MALFORMED, f"{language.value}: not text")
    if language is Language.NOTEBOOK:
        try:
            text = code_of_notebook(text)
        except MlsecError as error:
            is_limit = isinstance(error, LimitError)
            reason = GapReason.OVER_LIMIT if is_limit else GapReason.MALFORMED
            return gap_call(scope, file_id, reason, error.message)
        if not text:
            return None
    if language is Language.SHELL:
        text = with_heredocs(text, without_schemas)
    if language is Language.TERRAFORM_PLAN:
        text = masker.mask_texts(text, sensitive_texts(text))
    hidden = masker.mask_spans(text, secret_spans(language, text, masker.sensitive))
    file = CodeFile(
        id=file_id,
        path=path,
        language=language,
        text=masker.mask(hidden, is_quoted=language in _QUOTED),
        in_repository=in_repository,
        is_committed=is_committed and language in _MADE,
        rendering=rendering,
    )
    return file_call(scope, file)


def _in_repository(base: str, path: str) -> str:
    if base in ("", "."):
        return path
    # A target that is one file is named by the base itself.
    return base if base.rpartition("/")[2] == path else f"{base}/{path}"
