"""Builds each kustomization of a target that no other one takes in, or else its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.code.code_file import NotRendered, RenderedText, Rendering, Scenario
from mlsec.core.custom_resource_definitions import without_schemas
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.sanitize import visible
from mlsec.iac.rendered.chart_folder import Tree
from mlsec.iac.rendered.overlay_engine import Built, OverlayEngine
from mlsec.iac.rendered.overlay_folder import Overlay, all_below, overlay_roots, overlays_of

MAX_FILE_BYTES = 16 << 20
# Their schemas are most of what many overlays build, and nothing is judged by them.
_CUSTOM_KIND = b"CustomResourceDefinition"
_ORIGIN = regex(
    r"(?m)^(?P<indent>[ ]+)config\.kubernetes\.io/origin: \|\n"
    r"(?P<lines>(?:(?P=indent)[ ]+[^\n]*\n?)*)"
)
_FROM = regex(r"(?m)^[ ]+(?:path|configuredIn): \.\./\.\./tree/(?P<path>[^\n]+)$")
_NOTHING = regex(r"(?m)^  annotations:\n(?=  ?[^ ])")
# A file that is not there is not there with whole schemas either.
_ABSENT = "no such file or directory"
_MOST_SAID = 300


def render_overlays(tree: Tree) -> Iterator[tuple[str, Rendering]]:
    """Give the path of each kustomization, and what it became; nothing for one that is no root."""
    overlays = overlays_of(tree)
    if not overlays:
        return
    waiting, done = overlay_roots(overlays), set[str]()
    reached: set[str] = set()
    try:
        with OverlayEngine() as engine:
            kept: dict[str, bool] = {}
            while waiting:
                root = waiting.pop(0)
                if root.folder in done | reached:
                    continue
                rendering = _render(root, overlays, tree, engine, kept)
                done.add(root.folder)
                if rendering.scenarios:
                    reached |= {item.folder for item in all_below(root, overlays)}
                else:
                    waiting += _parts(root, overlays)
                yield root.path, rendering
    except MlsecError as error:
        detail = f"the kustomization is not built: {error.hint or error.message}"
        for root in overlay_roots(overlays):
            if root.folder not in done:
                done.add(root.folder)
                yield root.path, _not(GapReason.UNSUPPORTED, detail)
    for item in overlays.values():
        if item.folder not in done:
            yield item.path, Rendering()


def _parts(root: Overlay, overlays: Mapping[str, Overlay]) -> list[Overlay]:
    """Give what a kustomization that cannot be built takes in, that which holds most first."""
    parts = [overlays[folder] for folder in root.folders if not overlays[folder].is_component]
    return sorted(parts, key=lambda item: -len(all_below(item, overlays)))


def _render(
    root: Overlay,
    overlays: Mapping[str, Overlay],
    tree: Tree,
    engine: OverlayEngine,
    kept: dict[str, bool],
) -> Rendering:
    below = all_below(root, overlays)
    remote = sorted({name for item in below for name in item.remote})
    if remote:
        names = visible(", ".join(remote), _MOST_SAID)
        detail = f"the kustomization is not built: what lies elsewhere is never fetched: {names}"
        return _not(GapReason.UNSUPPORTED, detail)
    paths = sorted({path for item in below for path in (item.path, *item.files)})
    for path in paths:
        if path not in kept:
            kept[path] = _put(path, tree, engine)
    built = engine.build(root.folder)
    shortened = [path for path in paths if kept[path]]
    may_miss_schema = bool(built.problem) and not built.is_too_much and _ABSENT not in built.problem
    if shortened and may_miss_schema:
        # A patch may mean what was left out.
        for path in shortened:
            kept[path] = _put(path, tree, engine, is_whole=True)
        built = engine.build(root.folder)
        # The next root is given them short again.
        for path in shortened:
            _put(path, tree, engine)
    if built.problem:
        return _failed(built)
    return Rendering(
        scenarios=(Scenario(values=root.folder or ".", texts=_texts(root, built)),),
        used=tuple(sorted({path for item in below for path in item.files})),
    )


def _put(path: str, tree: Tree, engine: OverlayEngine, *, is_whole: bool = False) -> bool:
    """Copy a file without the schemas of custom kinds; says whether there were some."""
    body = tree.read(path)
    if body is None or len(body) > MAX_FILE_BYTES:
        return False
    short = body
    if _CUSTOM_KIND in body and not is_whole:
        short = without_schemas(body.decode("utf-8", "replace")).encode()
    engine.put(path, short)
    return short != body


def _failed(built: Built) -> Rendering:
    reason = GapReason.OVER_LIMIT if built.is_too_much else GapReason.MALFORMED
    return _not(reason, f"the kustomization is not built: {visible(built.problem, _MOST_SAID)}")


def _texts(root: Overlay, built: Built) -> tuple[RenderedText, ...]:
    """Give what was built by the file that each object comes from."""
    by_source: dict[str, list[str]] = {}
    for document in built.text.split("\n---\n"):
        said = _ORIGIN.search(document)
        place = _FROM.search(said["lines"]) if said is not None else None
        source = place["path"] if place is not None else root.path
        text = _NOTHING.sub("", _ORIGIN.sub("", document)) if said is not None else document
        by_source.setdefault(source, []).append(text)
    return tuple(
        RenderedText(source=source, text="\n---\n".join(texts))
        for source, texts in sorted(by_source.items())
    )


def _not(reason: GapReason, detail: str) -> Rendering:
    return Rendering(problems=(NotRendered(reason=reason, detail=detail),))
