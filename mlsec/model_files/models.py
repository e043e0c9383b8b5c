"""Which files are models: by a format that models have, or by a name and content that agree."""

from __future__ import annotations

from mlsec.artifacts.content.pointers import DIGEST
from mlsec.artifacts.facts import (
    MODEL_FORMATS,
    TOO_MANY_NAMES,
    TOO_MANY_VALUES,
    FactKind,
    Format,
)
from mlsec.artifacts.settings.loaders import LOADER, OF_WHOLE_MODELS
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex
from mlsec.model_files.evidence import Inspected
from mlsec.model_files.folders import BILL_ENDINGS, CARDS, PROVENANCE_ENDINGS, is_marker

# Formats that carry other files: of models where one of those is a model.
ARCHIVES = frozenset({
    Format.ZIP, Format.TAR, Format.SEVEN_ZIP, Format.AR, Format.CPIO, Format.COMPRESSED,
    Format.OCI_LAYOUT,
})  # fmt: skip
_LAYOUTS = ("torchserve", "nemo", "torch_package")
# In these, and where no reader knows the format, a model is buried rather than carried.
_HIDING = frozenset({Format.IMAGE, Format.PDF, Format.EXECUTABLE, Format.UNKNOWN})
# Why an archive was not read to its end: what lies there may be a model.
_CUT_SHORT = frozenset({FactKind.BOMB, FactKind.ENCRYPTED_MEMBER})
# Names that only models have: with content that no reader knows they are models not assessed.
_ENDINGS = (
    ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5", ".keras", ".onnx",
    ".tflite", ".safetensors", ".gguf", ".npy", ".npz", ".nemo", ".skops", ".dill", ".pt2",
    ".pte", ".ptl", ".mlmodel", ".caffemodel", ".engine", ".trt", ".pdmodel", ".pdiparams",
    ".pdparams", ".mnn", ".mindir", ".bigdl", ".rknn", ".xmodel", ".llamafile", ".ort", ".espdl",
    ".kmodel", ".rds", ".rdata", ".t7", ".ftz", ".weights", ".dlc", ".hef", ".model", ".mar",
)  # fmt: skip
_BESIDE = (".index.json", *BILL_ENDINGS, *PROVENANCE_ENDINGS, *CARDS)
_SHARD = regex(r"\.data-\d{1,9}-of-\d{1,9}\Z")
# Endings of anything: a word beside them says that it is a model.
_CARRIERS = (".bin", ".msgpack", ".zip", ".tar", ".tar.gz", ".tgz")
_WORD = regex(r"(?:\A|[._-])(?:models?|weights|checkpoint|adapter|ggml)(?:[._-]|\Z)")
_WHOLE = regex(r"coremldata\.bin|model\.espresso\..+|xgboost\w*model|saved_model\.pb")


def is_model(inspected: Inspected | None) -> bool:
    """Whether a file holds a model, so that what lies beside it may be loaded with it."""
    if inspected is None:
        return False
    inspection = inspected.inspection
    formats, properties = MODEL_FORMATS.intersection(inspection.formats), inspection.properties
    if formats or properties.get(LOADER) in OF_WHOLE_MODELS:
        return True
    is_archive = not ARCHIVES.isdisjoint(inspection.formats)
    if properties.get("holds") and (is_archive or not _HIDING.isdisjoint(inspection.formats)):
        return True
    if is_archive and properties.get("layout") in _LAYOUTS:
        return True
    if is_archive or DIGEST in properties or inspection.formats[0] is Format.UNKNOWN:
        return bool(properties.get("is_model_look")) or is_named_as_one(inspected.entry.path)
    return False


def may_be_model(inspected: Inspected) -> bool:
    """Whether a file that shows no model may hold one where it was not read."""
    inspection = inspected.inspection
    if ARCHIVES.isdisjoint(inspection.formats):
        return False
    cuts = (gap.detail for gap in inspection.gaps if gap.reason is GapReason.OVER_LIMIT)
    return any(cut not in (TOO_MANY_NAMES, TOO_MANY_VALUES) for cut in cuts) or any(
        fact.kind in _CUT_SHORT for fact in inspection.facts
    )


def is_named_as_one(path: str) -> bool:
    """Whether a name is one that only models have."""
    name = path.rpartition("/")[2].lower()
    if name.endswith(_ENDINGS) or _SHARD.search(name) or _WHOLE.fullmatch(name):
        return True
    if name.endswith(".pb"):
        return "graph" in name
    ending = next((end for end in _CARRIERS if name.endswith(end)), "")
    return bool(ending and _WORD.search(name.removesuffix(ending)))


def says_something(path: str) -> bool:
    """Whether a name says that it is a model, or what one is loaded, verified or described with."""
    return is_named_as_one(path) or is_marker(path, None) or path.lower().endswith(_BESIDE)
