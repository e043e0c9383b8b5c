"""Renders each chart of a target with its defaults, and with each file of values beside it."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator

from mlsec.artifacts.sandbox.wire import Chart, Charted
from mlsec.collect.code.code_file import NotRendered, RenderedText, Rendering, Scenario
from mlsec.collect.located.located import Node
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.sanitize import visible
from mlsec.iac.rendered.chart_engine import ChartEngine, has_engine
from mlsec.iac.rendered.chart_folder import MAX_SCENARIOS, ChartFolder, Tree, chart_roots

MAX_ARCHIVE_BYTES = 24 << 20
INSTALL = "install mlsec-scanner[helm], which has Helm's own engine"
# A release is named after its chart: in lower case, as an object of Kubernetes is.
_NOT_A_NAME = regex(r"[^a-z0-9-]+")
_MOST_NAME = 53
_DEFAULTS = "values.yaml"
_ASKED_FOR = regex(r"execution error at \(|<fail |<required ")
_MOST_SAID = 300


def render_charts(tree: Tree) -> Iterator[tuple[str, Rendering]]:
    """Give the path of each chart's Chart.yaml, and what it became."""
    charts = chart_roots(tree)
    if not charts:
        return
    if not has_engine():
        for chart in charts:
            yield chart.path, _not(GapReason.UNSUPPORTED, f"the chart is not rendered: {INSTALL}")
        return
    with ChartEngine() as engine:
        for chart in charts:
            try:
                yield chart.path, _render(chart, tree, engine)
            except MlsecError as error:
                yield chart.path, _not(GapReason.UNSUPPORTED, error.message)


def _render(chart: ChartFolder, tree: Tree, engine: ChartEngine) -> Rendering:
    archive = _archive(chart, tree)
    if archive is None:
        mebibytes = MAX_ARCHIVE_BYTES >> 20
        return _not(GapReason.OVER_LIMIT, f"the chart is larger than {mebibytes} MiB")
    names = ("", *chart.values[:MAX_SCENARIOS])
    answers = _answers(chart, names, archive, tree, engine)
    if chart.ci_values and not any(answer.texts for answer in answers.values()):
        answers |= _answers(chart, chart.ci_values[:MAX_SCENARIOS], archive, tree, engine)
    scenarios = tuple(
        Scenario(values=name or _DEFAULTS, texts=_texts(chart, answer))
        for name, answer in answers.items()
        if not answer.problem
    )
    lost = {name: answer for name, answer in answers.items() if answer.problem}
    if scenarios:
        # What the defaults lack, another file of values gives.
        lost.pop("", None)
    problems = [_problem(name, answer) for name, answer in lost.items()]
    problems += _missing(chart, tree)
    if len(chart.values) > MAX_SCENARIOS:
        left = ", ".join(chart.values[MAX_SCENARIOS:])
        problems.append(
            NotRendered(
                reason=GapReason.OVER_LIMIT,
                detail=f"rendered with {MAX_SCENARIOS} files of values and not with"
                f" {visible(left, _MOST_SAID)}",
            )
        )
    used = tuple(sorted(path for name, path in chart.files.items() if _is_template(name)))
    return Rendering(scenarios=scenarios, problems=tuple(problems), used=used if scenarios else ())


def _answers(
    chart: ChartFolder,
    names: tuple[str, ...],
    archive: bytes,
    tree: Tree,
    engine: ChartEngine,
) -> dict[str, Charted]:
    """Render with each of these files of values, "" for the defaults alone."""
    texts = [
        (tree.read(posixpath.join(chart.folder, name)) or b"").decode("utf-8-sig", "replace")
        if name
        else ""
        for name in names
    ]
    asked = Chart(archive=archive, name=_release(chart.name), values=tuple(texts))
    return dict(zip(names, engine.render(asked), strict=True))


def _archive(chart: ChartFolder, tree: Tree) -> bytes | None:
    """Pack the files of a chart, as ``helm package`` does; None when they are too many bytes."""
    left = MAX_ARCHIVE_BYTES
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, path in sorted(chart.files.items()):
            body = tree.read(path)
            if body is None:
                continue
            left -= len(body)
            if left < 0:
                return None
            member = tarfile.TarInfo(f"chart/{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def _release(name: str) -> str:
    return _NOT_A_NAME.sub("-", name.lower()).strip("-")[:_MOST_NAME].strip("-") or "release"


def _texts(chart: ChartFolder, answer: Charted) -> tuple[RenderedText, ...]:
    """Give what each template became; what comes from an archive stands at the chart itself."""
    return tuple(
        RenderedText(source=chart.files.get(name.partition("/")[2], chart.path), text=text)
        for name, text in sorted(answer.texts.items())
        if text.strip() and not name.endswith((".txt", ".tpl"))
        if not name.rpartition("/")[2].startswith("_")
    )


def _is_template(name: str) -> bool:
    return name.startswith("templates/") or (name.startswith("charts/") and "/templates/" in name)


def _problem(name: str, answer: Charted) -> NotRendered:
    given = f" with {name}" if name else ""
    detail = f"the chart is not rendered{given}: {visible(answer.problem, _MOST_SAID)}"
    if answer.is_too_much:
        reason = GapReason.OVER_LIMIT
    elif _ASKED_FOR.search(answer.problem):
        reason = GapReason.UNSUPPORTED
    else:
        reason = GapReason.MALFORMED
    return NotRendered(reason=reason, detail=detail)


def _missing(chart: ChartFolder, tree: Tree) -> list[NotRendered]:
    """Name the dependencies that are not there, but for those that are switched off."""
    given = tree.parsed(chart.files.get(_DEFAULTS, ""))
    missing = [item for item in chart.missing if not _is_off(item.condition, given)]
    if not missing:
        return []
    names = ", ".join(f"{item.name} {item.version}".strip() for item in missing)
    folder = chart.folder or "."
    return [
        NotRendered(
            reason=GapReason.UNSUPPORTED,
            detail=f"not in the folder charts, and never fetched: {visible(names, _MOST_SAID)};"
            f" run helm dependency build {visible(folder, 200)} and scan again",
        )
    ]


def _is_off(condition: str, values: Node) -> bool:
    """Whether the first path of a condition that says anything says no."""
    for path in condition.split(","):
        node = values.get(*path.strip().split(".")) if path.strip() else None
        if node is not None and isinstance(node.value, bool):
            return not node.value
    return False


def _not(reason: GapReason, detail: str) -> Rendering:
    return Rendering(problems=(NotRendered(reason=reason, detail=detail),))
