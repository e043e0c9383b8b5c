"""Which files are judged: models, and what lies beside one or is made for one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from mlsec.artifacts.content.known_formats import NO_MODEL_INSIDE, OWN_EVIDENCE
from mlsec.artifacts.content.pointers import DIGEST
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.formats.tensorflow.shards import settled
from mlsec.artifacts.formats.tensorflow.web_weights import accounted
from mlsec.artifacts.settings.loaders import LOADER
from mlsec.collect.folders.entry import Entry
from mlsec.core.enums import Severity
from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.model_files.evidence import Inspected
from mlsec.model_files.folders import begins_model, folders_of, marked_among
from mlsec.model_files.models import is_model, may_be_model

# What loaders read beside a model, or what counts there for what it may carry.
BESIDE = frozenset({
    Format.TEXT, Format.JSON, Format.YAML, Format.XML, Format.SIGNATURE, Format.PYTHON,
    Format.TEMPLATE, Format.EXECUTABLE, Format.IMAGE,
})  # fmt: skip


# Findings after which it is open what else a file imports.
_HIDES_NAMES = frozenset({FactKind.HIDDEN_NAME, FactKind.EMBEDDED_CODE, FactKind.CUSTOM_CODE})
# Weights and nothing else: they name no class that is looked for beside them.
_DATA_ONLY = frozenset({Format.SAFETENSORS, Format.GGUF})
# Text that builds, says or starts something; what stands in it is judged as code where it is read.
_SOURCE = regex(
    r"(?:.+\.)?(?:docker|container|make|jenkins|just)file(?:\..+)?"
    r"|.+\.(?:sh|bash|zsh|fish|bat|cmd|ps1|mk|ipynb|md|rst|adoc|tf|tofu|hcl)"
)
# Program text that servers and installers look for by its name: handlers, models that are nothing
# else, what pip runs; and the names that transformers gives to code of a model.
_CALLED = regex(
    r"(?:handler|inference|model|pipeline|predict|predictor|score|custom_handler|hubconf|bentofile"
    r"|sitecustomize|usercustomize|setup)\.py"
    r"|(?:modeling|configuration|tokenization|processing|image_processing|video_processing"
    r"|feature_extraction|modular)_\w+\.py"
)
# What a loader runs or renders by its place alone, with no weights beside it.
# Source: transformers 4.57, GenerationMixin.load_custom_generate and utils.hub.
_BY_PLACE = regex(
    r"(?:.*/)?(?:custom_generate/.+\.py|chat_template\.jinja|additional_chat_templates/[^/]+\.jinja)"
)


# Languages in which no loader of models looks for code beside a model; Lua, Java and C are read by
# Torch, by Java servers and by extensions that Python compiles.
_NOT_LOADED = regex(
    r"program text in the language of"
    r" (?:JavaScript|TypeScript|R|Julia|Ruby|Perl|PHP|Scala|Go|Rust|MATLAB),.+"
)


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How the files of one target lie together.

    ``where`` maps a path to its folder; in the folders ``homes`` a model lies, in those ``loading``
    something may load program text that lies beside it. ``is_single``: one file is all that was
    asked about.
    """

    where: Mapping[str, str]
    homes: frozenset[str]
    loading: frozenset[str]
    is_single: bool

    def left_out_because(self, entry: Entry, inspected: Inspected) -> str:
        """Why a file is not judged, or "" when it is."""
        folder = self.where[entry.path]
        return left_out_because(
            entry,
            inspected,
            has_model=folder in self.homes,
            may_load=folder in self.loading,
            is_alone=self.is_single,
        )


def layout_of(
    entries: Sequence[Entry], known: Mapping[str, Inspected | None], target: str
) -> Layout:
    """Group files by the folders that models are loaded from.

    Args:
        entries: all files that were listed.
        known: what was read of each file, by its id.
        target: the id of what was asked about, which may be the file itself.
    """
    marked = marked_among(
        (entry.path, result.inspection if (result := known[entry.id]) else None)
        for entry in entries
    )
    where = folders_of((entry.path for entry in entries), marked)
    is_single = len(entries) == 1 and (entries[0].id == target or _is_unknown(known[entries[0].id]))
    homes = frozenset(
        where[entry.path]
        for entry in entries
        if is_model(known[entry.id]) or _begins(known[entry.id]) or is_single
    )
    modules: dict[str, set[str]] = {}
    for entry in entries:
        if entry.path.endswith(".py"):
            parts = {part.removesuffix(".py") for part in entry.path.split("/")}
            modules.setdefault(where[entry.path], set()).update(parts)
    loading = frozenset(
        where[entry.path]
        for entry in entries
        if _may_load_code(known[entry.id], modules.get(where[entry.path], set()))
    )
    return Layout(where=where, homes=homes, loading=marked | loading, is_single=is_single)


def _begins(inspected: Inspected | None) -> bool:
    """Whether a file is what a loader begins with, whatever lies beside it."""
    return inspected is not None and begins_model(inspected.inspection)


def _is_unknown(inspected: Inspected | None) -> bool:
    return inspected is None or inspected.inspection.formats[0] is Format.UNKNOWN


def _may_load_code(inspected: Inspected | None, modules: Container[str]) -> bool:
    """Whether loading a file imports program text beside it, which may import more of it.

    Args:
        inspected: the file; None where it was not read.
        modules: what the files and folders beside it can be imported as.
    """
    if inspected is None:
        return False
    if _begins(inspected):
        return True
    if not is_model(inspected) or _DATA_ONLY.issuperset(inspected.inspection.formats):
        return False
    inspection = inspected.inspection
    return bool(inspection.gaps) or any(
        fact.subject.partition(".")[0] in modules or fact.kind in _HIDES_NAMES
        for fact in inspection.facts
    )


def _speaks_of_a_model(entry: Entry, inspection: Inspection) -> bool:
    """Whether a file that holds no model is made for one all the same, and does harm there.

    Templates for web pages and settings of other tools are full of what a chat template or the
    settings of a tokenizer must not hold, so a name or a format of models' own must say so.
    """
    name = entry.path.rpartition("/")[2].lower()
    is_made_for_one = inspection.formats[0] is Format.JSON or (
        inspection.formats[0] is Format.TEMPLATE
        and (name.endswith(".jinja") or "chat_template" in name)
    )
    return is_made_for_one and any(
        fact.danger.rank <= Severity.HIGH.rank for fact in inspection.facts
    )


def _is_own_evidence(inspection: Inspection) -> bool:
    """Whether a file says that it is ours and nothing else was found in it.

    Anybody may write such a header: what a loader would run behind it is judged all the same.
    """
    gaps = [gap.detail for gap in inspection.gaps]
    return not inspection.facts and bool(gaps) and all(OWN_EVIDENCE in item for item in gaps)


def _is_source(entry: Entry, inspection: Inspection, *, may_load: bool) -> bool:
    """Whether a file beside a model is text of the repository, which no loader of models reads.

    Its content decides its format: a pickle by the name of a script is judged as the pickle it is.
    Program text stays a part of the model where something may load it: a configuration, a pickle
    that names classes, a server that looks for the name, a folder ``code``.
    """
    folders, _, name = entry.path.rpartition("/")
    format_ = inspection.formats[0]
    is_script = any(gap.detail.startswith("a script in") for gap in inspection.gaps)
    is_text = format_ in (Format.TEXT, Format.JSON) or (format_ is Format.EXECUTABLE and is_script)
    if is_text and _SOURCE.fullmatch(name.lower()):
        return True
    is_called = bool(_CALLED.fullmatch(name.lower())) or "code" in folders.split("/")
    return format_ is Format.PYTHON and not may_load and not is_called


def _is_not_loaded(inspection: Inspection) -> bool:
    """Whether a file is only program text in a language that no loader of models runs."""
    is_text = inspection.formats[0] is Format.TEXT and not inspection.facts
    return (
        is_text
        and bool(inspection.gaps)
        and all(_NOT_LOADED.fullmatch(gap.detail) for gap in inspection.gaps)
    )


def left_out_because(
    entry: Entry,
    inspected: Inspected,
    *,
    has_model: bool,
    may_load: bool = False,
    is_alone: bool = False,
) -> str:
    """Why a file is not judged, or "" when it is.

    ``has_model``: a model lies in its folder; ``may_load``: something there may load program text;
    ``is_alone``: it is all that was asked about.
    """
    inspection = inspected.inspection
    if not inspection.size_bytes:
        return "an empty file"
    format_ = inspection.formats[0]
    if _is_own_evidence(inspection):
        return f"{OWN_EVIDENCE}, in which nothing was found"
    if is_model(inspected) or may_be_model(inspected):
        return ""
    is_severe = any(fact.danger.rank <= Severity.HIGH.rank for fact in inspection.facts)
    if entry.is_written and not is_severe:
        return "written by this scan"
    is_known_place = LOADER in inspection.properties or is_run_by_place(entry.path)
    if not (has_model or is_known_place):
        if _speaks_of_a_model(entry, inspection):
            return ""
        would = "; beside one it would be flagged" if is_severe else ""
        return f"{_called(inspection)}, with no model beside it{would}"
    look = inspection.properties.get("looks_like")
    if look in NO_MODEL_INSIDE and not (is_alone or inspection.facts):
        return f"{look}, in which no model lies"
    if format_ is Format.UNKNOWN or DIGEST in inspection.properties:
        return ""  # what no reader knows, and what a pointer stands for, may be anything
    if format_ not in BESIDE and not (is_alone or is_severe):
        return f"{format_.value}, in which no model lies"
    if not is_alone and _is_not_loaded(inspection):
        return f"{inspection.gaps[0].detail.partition(',')[0]}, which no loader of models runs"
    if not (is_alone or is_known_place) and _is_source(entry, inspection, may_load=may_load):
        return f"{format_.value} of the repository, which no loader of models reads"
    is_plain = not inspection.facts and not inspection.gaps
    return f"{format_.value}, in which nothing was found" if is_plain else ""


def is_run_by_place(path: str) -> bool:
    """Whether loaders run or render a file for where it lies, with no weights beside it."""
    return bool(_BY_PLACE.fullmatch(path))


def _called(inspection: Inspection) -> str:
    """What a file is, in words for the coverage."""
    if DIGEST in inspection.properties:
        return "a pointer to a file that no model is named like"
    if inspection.formats[0] is Format.UNKNOWN:
        return "a format that no reader knows"
    return str(inspection.formats[0].value)


def folders_that_decide(resources: Iterable[Resource]) -> dict[str, str]:
    """Give, for each file that is judged only for what lies beside it, the folder of the model.

    Program text is harmless until somebody puts a model next to it that loads it.
    """
    files = [item for item in resources if item.provider == "files"]
    folders = sorted((item.id for item in files if item.id.endswith("/")), key=len, reverse=True)
    beside = {kind.value for kind in BESIDE}
    return {
        item.id: folder
        for item in files
        if item.properties.get("format") in beside
        and (folder := next((name for name in folders if item.id.startswith(name)), ""))
    }


def settle(
    entries: Iterable[Entry], known: Mapping[str, Inspected | None]
) -> Mapping[str, Inspected | None]:
    """Close the gaps of files that another file explains."""
    paths = {entry.path: result for entry in entries if (result := known[entry.id]) is not None}
    read = {path: value.inspection for path, value in paths.items()}
    whole = {**settled(read), **accounted(read)}
    done = {
        entry.id: msgspec.structs.replace(paths[entry.path], inspection=whole[entry.path])
        for entry in entries
        if entry.path in whole
    }
    return {**known, **done}
