"""Judges the files of one model together: code that is run, misleading names, weights twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from mlsec.artifacts.facts import DANGERS, Fact, FactKind, Format, Inspection
from mlsec.core.enums import Severity

# Formats that can run code when they are loaded.
RUNS = frozenset({
    Format.PICKLE, Format.JOBLIB, Format.TORCH_ZIP, Format.TORCH_LEGACY, Format.TORCHSCRIPT,
})  # fmt: skip
_ARCHIVES = frozenset({Format.ZIP, Format.TAR, Format.SEVEN_ZIP, Format.COMPRESSED})
_PROGRAMS = frozenset({Format.EXECUTABLE, Format.PYTHON})
# Endings that promise a format which runs nothing, and what they promise.
_PROMISES: Mapping[str, frozenset[Format]] = {
    ".safetensors": frozenset({Format.SAFETENSORS}),
    ".gguf": frozenset({Format.GGUF}),
    ".onnx": frozenset({Format.ONNX}),
    ".h5": frozenset({Format.HDF5}),
    ".hdf5": frozenset({Format.HDF5}),
    ".keras": frozenset({Format.KERAS_V3, Format.ZIP}),
    ".tflite": frozenset({Format.TFLITE, Format.ZIP}),
    ".json": frozenset({Format.JSON, Format.XGBOOST}),
    ".txt": frozenset({Format.TEXT, Format.LIGHTGBM, Format.PYTHON}),
    ".md": frozenset({Format.TEXT, Format.PYTHON}),
    ".yaml": frozenset({Format.YAML}),
    ".yml": frozenset({Format.YAML}),
    ".jinja": frozenset({Format.TEMPLATE}),
}
# Files that a server runs by their name alone.
_RUN_BY_NAME = frozenset({"handler.py", "pipeline.py", "inference.py", "custom_handler.py"})
_NOTED = 50


class RepositoryFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a model: its path relative to the model's folder, and what reading it brought."""

    path: str
    inspection: Inspection


def repository_facts(
    files: Sequence[RepositoryFile], links: Collection[str] = ()
) -> tuple[Fact, ...]:
    """Judge the files of one model together.

    Args:
        files: all files of the folder that were read, in any order.
        links: paths of links that lead out of what was asked about, which were not followed.

    Returns:
        Facts about the folder; ``place`` is the path of the file that each is about.
    """
    by_path = {file.path: file for file in sorted(files, key=lambda file: file.path)}
    result = [
        *_code(by_path),
        *_misnamed_files(by_path),
        *_two_sets_of_weights(by_path),
        *_missing(by_path, links),
    ]
    return tuple(result)


def _fact(
    kind: FactKind, place: str, subject: str, detail: str, danger: Severity | None = None
) -> Fact:
    return Fact(
        kind=kind,
        danger=danger or DANGERS[kind],
        place=place,
        subject=subject[:400],
        detail=detail[:400],
    )


def _code(files: Mapping[str, RepositoryFile]) -> Iterator[Fact]:
    """Code that a configuration names: its severity where it is present, or that it is missing."""
    for path, file in files.items():
        for name in _names(file, "code_files"):
            beside = str(PurePosixPath(path).parent / name)
            code = files.get(beside)
            if code is None:
                detail = f"{path} has this code run, but it is not here: who adds it decides"
                yield _fact(FactKind.OUTSIDE_REFERENCE, path, name, detail, Severity.MEDIUM)
                continue
            worst = _worst(code.inspection)
            danger = Severity.HIGH if worst.rank <= Severity.MEDIUM.rank else Severity.MEDIUM
            result = "; dangerous calls were found in it" if danger is Severity.HIGH else ""
            detail = f"{path} has this code run when the model is loaded{result}"
            yield _fact(FactKind.CUSTOM_CODE, beside, name, detail, danger)
    for path in files:
        if PurePosixPath(path).name in _RUN_BY_NAME and "/" not in path:
            detail = "a server of models runs this file by its name"
            yield _fact(FactKind.CUSTOM_CODE, path, path, detail, Severity.LOW)


def _worst(inspection: Inspection) -> Severity:
    return min(
        (fact.danger for fact in inspection.facts),
        key=lambda danger: danger.rank,
        default=Severity.INFO,
    )


def _names(file: RepositoryFile, key: str) -> list[str]:
    prop = file.inspection.properties.get(key, ())
    return (
        [name for name in prop if isinstance(name, str)] if isinstance(prop, list | tuple) else []
    )


def _misnamed_files(files: Mapping[str, RepositoryFile]) -> Iterator[Fact]:
    """Files with the name of a harmless format and the content of one that runs code."""
    for path, file in files.items():
        promised = _PROMISES.get(PurePosixPath(path).suffix.lower())
        if promised is None:
            continue
        lies = [
            format_
            for format_ in file.inspection.formats
            if format_ not in promised and format_ in RUNS | _PROGRAMS | _ARCHIVES
        ]
        if lies and not promised & set(file.inspection.formats):
            detail = f"is {lies[0].value} by its content, whatever its name says"
            yield _fact(FactKind.TWO_READINGS, path, PurePosixPath(path).name, detail)


def _two_sets_of_weights(files: Mapping[str, RepositoryFile]) -> Iterator[Fact]:
    """Weights that run code beside weights that do not: which are loaded is the loader's choice."""
    safe = {
        str(PurePosixPath(path).parent)
        for path, file in files.items()
        if Format.SAFETENSORS in file.inspection.formats
    }
    for path, file in files.items():
        if str(PurePosixPath(path).parent) in safe and RUNS & set(file.inspection.formats):
            detail = (
                "weights that can run code lie beside ones that cannot; loaders may take either"
            )
            yield _fact(FactKind.TWO_READINGS, path, PurePosixPath(path).name, detail, Severity.LOW)


def _missing(files: Mapping[str, RepositoryFile], links: Collection[str]) -> Iterator[Fact]:
    """Weights that an index or a model names, and that are not there, or are a link elsewhere."""
    for path, file in files.items():
        for key in ("weight_files", "external_files"):
            beside = PurePosixPath(path).parent
            missing = [name for name in _names(file, key) if str(beside / name) not in files]
            for name in [name for name in missing if _is_below(beside / name, links)][:_NOTED]:
                detail = f"{path} has this file read, and it is a link that leads out of the folder"
                yield _fact(FactKind.OUTSIDE_REFERENCE, path, name, detail)
            missing = [name for name in missing if not _is_below(beside / name, links)]
            for name in missing[:_NOTED]:
                detail = f"{path} names this file, and it is not here"
                yield _fact(FactKind.NOT_FULLY_READ, path, name, detail, Severity.LOW)
            if missing[_NOTED:]:
                detail = f"{path} names {len(missing) - _NOTED} more files that are not here"
                yield _fact(FactKind.NOT_FULLY_READ, path, "", detail, Severity.LOW)


def _is_below(path: PurePosixPath, links: Collection[str]) -> bool:
    """Whether a path is one of the links, or leads through one."""
    return bool(links) and any(str(part) in links for part in (path, *path.parents))
