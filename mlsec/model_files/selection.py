"""Which files are judged: models, and what lies beside one or is made for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mlsec.artifacts.content.known_formats import OWN_EVIDENCE
from mlsec.artifacts.content.pointers import DIGEST
from mlsec.artifacts.facts import Format, Inspection
from mlsec.collect.folders.entry import Entry
from mlsec.core.enums import Severity
from mlsec.core.resource import Resource
from mlsec.model_files.evidence import Inspected
from mlsec.model_files.folders import marked_among

# What is not a model by itself and counts only beside one: a repository of code is full of them.
BESIDE = frozenset({
    Format.TEXT, Format.JSON, Format.YAML, Format.XML, Format.SIGNATURE, Format.PYTHON,
    Format.TEMPLATE, Format.EXECUTABLE, Format.IMAGE,
})  # fmt: skip


# Weights and nothing else: they name no class that is looked for beside them.
_DATA_ONLY = frozenset({Format.SAFETENSORS, Format.GGUF})
# Text that builds, says or starts something; what stands in it is judged as code where it is read.
_SOURCE = re.compile(
    r"(?:.+\.)?(?:docker|container|make|jenkins|just)file(?:\..+)?"
    r"|.+\.(?:sh|bash|zsh|fish|bat|cmd|ps1|mk|ipynb|md|rst|adoc|tf|tofu|hcl)"
)
# Program text that servers look for by its name: handlers, and models that are nothing else.
_CALLED = frozenset({
    "handler.py", "inference.py", "model.py", "pipeline.py", "predict.py", "predictor.py",
    "score.py", "custom_handler.py", "hubconf.py", "bentofile.py", "sitecustomize.py",
    "usercustomize.py",
})  # fmt: skip


def is_model(inspected: Inspected | None) -> bool:
    """Whether a file holds a model, so that what lies beside it may be loaded with it."""
    if inspected is None:
        return False
    formats = inspected.inspection.formats
    return not BESIDE.issuperset(formats) and formats[0] is not Format.UNKNOWN


def _is_served(inspected: Inspected | None) -> bool:
    """Whether a file is the configuration of a model for Triton, which may be Python alone."""
    return inspected is not None and inspected.inspection.properties.get("layout") == "triton"


def home_folders(
    entries: Iterable[Entry], where: Mapping[str, str], known: Mapping[str, Inspected | None]
) -> frozenset[str]:
    """Name the folders in which a model lies; that of a single file is one in any case."""
    listed = tuple(entries)
    return frozenset(
        where[entry.path]
        for entry in listed
        if is_model(known[entry.id]) or _is_served(known[entry.id]) or len(listed) == 1
    )


def loading_folders(
    entries: Iterable[Entry], where: Mapping[str, str], known: Mapping[str, Inspected | None]
) -> frozenset[str]:
    """Name the folders in which something may load program text that lies beside it.

    ``where`` maps a path to its folder, ``known`` an entry's id to what was read of it.
    """
    listed = tuple(entries)
    return marked_among(entry.path for entry in listed) | {
        where[entry.path] for entry in listed if _may_load_code(known[entry.id])
    }


def _may_load_code(inspected: Inspected | None) -> bool:
    if not is_model(inspected) or inspected is None:
        return False
    return not _DATA_ONLY.issuperset(inspected.inspection.formats)


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
    Program text stays a part of the model where something may load it: a configuration, a format
    that names classes, a server that looks for the name, a folder ``code``.
    """
    folders, _, name = entry.path.rpartition("/")
    format_ = inspection.formats[0]
    is_script = any(gap.detail.startswith("a script in") for gap in inspection.gaps)
    is_text = format_ in (Format.TEXT, Format.JSON) or (format_ is Format.EXECUTABLE and is_script)
    if is_text and _SOURCE.fullmatch(name.lower()):
        return True
    is_called = name.lower() in _CALLED or "code" in folders.split("/")
    return format_ is Format.PYTHON and not may_load and not is_called


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
    if format_ not in BESIDE or DIGEST in inspection.properties:
        return ""  # what a pointer stands for may be anything
    if entry.is_written and not any(f.danger.rank <= Severity.HIGH.rank for f in inspection.facts):
        return "written by this scan"
    if not has_model:
        if _speaks_of_a_model(entry, inspection):
            return ""
        is_severe = any(fact.danger.rank <= Severity.HIGH.rank for fact in inspection.facts)
        would = "; beside one it would be flagged" if is_severe else ""
        return f"{format_.value}, with no model beside it{would}"
    if not is_alone and _is_source(entry, inspection, may_load=may_load):
        return f"{format_.value} of the repository, which no loader of models reads"
    is_plain = not inspection.facts and not inspection.gaps
    return f"{format_.value}, in which nothing was found" if is_plain else ""


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
