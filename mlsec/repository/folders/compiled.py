"""What was made from a source that is judged too: templates of Bicep, stored output of Helm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from mlsec.collect.code.code_file import CodeFile
from mlsec.core.regex import regex

_SOURCE, _MADE = ".bicep", ".json"
# What the template of a button is called whose source is main.bicep.
_OTHER_STEMS = {"azuredeploy": "main", "maintemplate": "main"}
# The metadata that names the compiler stands at the beginning.
_HEAD = 4000
_CHART = "Chart.yaml"
_CHART_NAME = regex(r"(?m)^name:[ \t]*[\"']?([\w.-]{1,100})")
# What Helm writes above each object that it gives out.
_RENDERED = regex(r"(?m)^# Source: ([\w.-]{1,100})/(?:[\w./-]{1,200}/)?templates/")
_MANIFEST = (".yaml", ".yml")


def compiled_templates(
    paths: Iterable[str], file_of: Callable[[str], CodeFile | None]
) -> dict[str, str]:
    """Give the templates that name Bicep as what made them, each with its source.

    The source has the same name and lies beside it, above it, or in a folder beside. One of that
    name beside it that git does not track is left out: it is judged instead of its source.
    """
    sources: dict[str, set[str]] = defaultdict(set)
    made = []
    for path in paths:
        folder, stem, ending = _parts(path)
        if ending == _SOURCE:
            sources[stem].add(folder)
        elif ending == _MADE:
            made.append(path)
    templates: dict[str, str] = {}
    for path in sorted(made) if sources else ():
        folder, stem, _ = _parts(path)
        source = _source_near(folder, stem, sources)
        file = file_of(path) if source else None
        if file is None or '"bicep"' not in file.text[:_HEAD]:
            continue
        if file.is_committed or path.rpartition(".")[0] != source.rpartition(".")[0]:
            templates[path] = source
    return templates


def stored_outputs(
    paths: Iterable[str],
    is_shown: Callable[[str], object],
    file_of: Callable[[str], CodeFile | None],
) -> dict[str, str]:
    """Give the manifests that Helm made of a chart that is judged, each with the chart.

    Asked are those alone that ``is_shown`` says are there to be looked at: what lies elsewhere may
    be what is deployed.
    """
    known = sorted(paths)
    charts = {}
    for path in known:
        file = file_of(path) if path.rpartition("/")[2] == _CHART else None
        name = _CHART_NAME.search(file.text) if file and file.rendered.scenarios else None
        if name is not None:
            charts[name[1]] = path
    outputs = {}
    for path in known if charts else ():
        if path.endswith(_MANIFEST) and is_shown(path):
            file = file_of(path)
            made = _RENDERED.search(file.text[:_HEAD]) if file is not None else None
            if made is not None and made[1] in charts:
                outputs[path] = charts[made[1]]
    return outputs


def _source_near(folder: str, stem: str, sources: dict[str, set[str]]) -> str:
    above = folder.rpartition("/")[0]
    for name in (stem, _OTHER_STEMS.get(stem.lower(), "")):
        for place in sorted(sources.get(name, ())):
            if place in (folder, above) or place.rpartition("/")[0] == above:
                return f"{place}/{name}{_SOURCE}".lstrip("/")
    return ""


def _parts(path: str) -> tuple[str, str, str]:
    """Give the folder of a path, its name without the ending, and the ending."""
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return folder, stem, dot + ending.lower()
