"""One directory of Terraform files as one module, override files merged in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.iac.terraform.syntax.tree import Attribute, Block, Body

Key = tuple[str, ...]
_ENDINGS = (".tf", ".tofu", ".tf.json", ".tofu.json")


class Placed(msgspec.Struct, frozen=True):
    """A block and the file that it stands in."""

    file: CodeFile
    block: Block


class PlacedValue(msgspec.Struct, frozen=True):
    """A local value and the file that it stands in."""

    file: CodeFile
    attribute: Attribute


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """What a directory declares, by kind and labels."""

    directory: str
    files: tuple[CodeFile, ...] = ()
    blocks: Mapping[str, Mapping[Key, Placed]] = {}
    locals: Mapping[str, PlacedValue] = {}
    resource_types: frozenset[str] = frozenset()
    providers: tuple[Placed, ...] = ()
    # Declared again under an address that is taken, which Terraform refuses.
    twice: tuple[Placed, ...] = ()
    # It is not of this target: installed by ``terraform init``, or known by an adapter.
    is_remote: bool = False
    # It says less than the real module has, and what of it is not judged at all.
    is_adapter: bool = False
    left_out: str = ""

    def of_kind(self, kind: str) -> Mapping[Key, Placed]:
        """Give the blocks of a kind by their labels."""
        return self.blocks.get(kind, {})

    @property
    def is_applied(self) -> bool:
        """Whether it has what belongs in a root: a backend, or settings of a provider."""
        placed = (*self.of_kind("terraform").values(), *self.twice)
        kinds = {block.kind for part in placed for block in part.block.body.blocks}
        return bool(self.providers or kinds & {"backend", "cloud"})


def assemble(directory: str, parsed: Iterable[tuple[CodeFile, Body]]) -> Module:
    """Give the module of a directory's files; override files change what the others declare."""
    ordered = sorted(parsed, key=lambda pair: (*_rank(pair[0].path), pair[0].path))
    blocks: dict[str, dict[Key, Placed]] = {}
    values: dict[str, PlacedValue] = {}
    providers: dict[Key, Placed] = {}
    twice: list[Placed] = []
    for file, body in ordered:
        for block in body.blocks:
            if block.kind == "locals":
                for name, attribute in block.body.attributes.items():
                    values[name] = PlacedValue(file, attribute)
                continue
            key = (*block.labels, _alias(block)) if block.kind == "provider" else block.labels
            kept = providers if block.kind == "provider" else blocks.setdefault(block.kind, {})
            if key in kept and _is_override(file.path):
                changed = _merged(kept[key].block, block)
                kept[key] = Placed(kept[key].file, changed)
            elif kept.setdefault(key, placed := Placed(file, block)) is not placed:
                twice.append(placed)
    return Module(
        directory=directory,
        files=tuple(file for file, _ in ordered),
        blocks=blocks,
        locals=values,
        resource_types=frozenset(key[0] for key in blocks.get("resource", {}) if key),
        providers=tuple(providers.values()),
        twice=tuple(twice),
    )


def _rank(path: str) -> tuple[bool, bool]:
    """What an address stands for is said by a file that Terraform reads, wherever another one is.

    Source: configs/parser_config_dir.go of Terraform (dirFiles, fileExt, IsIgnoredFile).
    """
    name = posixpath.basename(path)
    is_ignored = name.startswith(".") or not name.endswith(_ENDINGS)
    return is_ignored, _is_override(path)


def _is_override(path: str) -> bool:
    name = posixpath.basename(path)
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    stem = name.removesuffix(ending)
    return bool(ending) and not name.startswith(".") and (
        stem == "override" or stem.endswith("_override")
    )  # fmt: skip


def _alias(block: Block) -> str:
    attribute = block.body.attributes.get("alias")
    return str(getattr(attribute.value, "value", "")) if attribute is not None else ""


def _merged(base: Block, over: Block) -> Block:
    """Arguments are replaced one by one, nested blocks all of a kind at once."""
    kinds = {block.kind for block in over.body.blocks}
    kept = tuple(block for block in base.body.blocks if block.kind not in kinds)
    body = Body({**base.body.attributes, **over.body.attributes}, (*kept, *over.body.blocks))
    return Block(base.kind, base.labels, body, base.line, base.column)
