"""Has charts and kustomizations rendered, and keeps what they become as evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from mlsec.collect.code.code_file import Language, RenderedText, Rendering
from mlsec.collect.secrets.masking import Masker
from mlsec.core.custom_resource_definitions import without_schemas
from mlsec.repository.declared_secrets import secret_spans

# All that is kept of one target; what is left out is a gap.
MAX_BYTES = 256 << 20
_ROOTS = ("Chart.yaml", "kustomization.yaml", "kustomization.yml")

ReadFile = Callable[[str], bytes | None]


def is_root_name(path: str) -> bool:
    """Whether a file's name is that of a chart or a kustomization."""
    return path.rpartition("/")[2] in _ROOTS


def renderings(
    paths: Iterable[str], read: ReadFile, masker: Masker
) -> Iterator[tuple[str, Rendering]]:
    """Give the path of each root, and what it became with its secrets masked."""
    listed = list(paths)
    if not any(is_root_name(path) for path in listed):
        return
    from mlsec.iac.rendered.roots import render_all  # noqa: PLC0415 - only where there are roots

    for path, rendering in render_all(listed, read):
        yield path, _masked(rendering, masker)


def _masked(rendering: Rendering, masker: Masker) -> Rendering:
    scenarios = tuple(
        msgspec.structs.replace(
            scenario, texts=tuple(_masked_text(item, masker) for item in scenario.texts)
        )
        for scenario in rendering.scenarios
    )
    return msgspec.structs.replace(rendering, scenarios=scenarios)


def _masked_text(item: RenderedText, masker: Masker) -> RenderedText:
    text = without_schemas(item.text)
    spans = secret_spans(Language.KUBERNETES, text, masker.sensitive)
    hidden = masker.mask(masker.mask_spans(text, spans), is_quoted=False)
    return msgspec.structs.replace(item, text=hidden)
