"""Adapters: well-known modules that are not in the target, as modules that can be evaluated."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.located_blocks import META
from mlsec.iac.terraform.modules.module import Module, Placed, PlacedValue, assemble
from mlsec.iac.terraform.remote_modules.address import RemoteAddress
from mlsec.iac.terraform.remote_modules.releases import Releases
from mlsec.iac.terraform.syntax.json_syntax import parse_json
from mlsec.iac.terraform.syntax.tree import Attribute, Body, Broken, Expr, Literal
from mlsec.vocabulary.module_adapters import ModuleAdapter, Release

Adapters = Mapping[str, tuple[ModuleAdapter, ...]]
NO_ADAPTERS: Adapters = {}
_DIFFER = "its version may be one of several, which differ in this"


def adapted(
    call: Placed, address: RemoteAddress, adapters: Adapters, directory: str
) -> Module | UnknownValue:
    """Give the module that a call names as its adapter knows it, or why it does not."""
    known = adapters.get(address.key)
    if known is None:
        return UnknownValue("it is not among the modules that are known without their code")
    releases = address.releases
    if releases is None or releases.below is None:
        return UnknownValue("its version is not pinned, so what it declares is not known")
    adapter = next((item for item in known if _covers(item, releases)), None)
    if adapter is None:
        among = ", ".join(f"{_shown(item.since)} to before {_shown(item.below)}" for item in known)
        return UnknownValue(f"of its releases only {among} are known")
    for name in call.block.body.attributes:
        if name not in META and name not in adapter.inputs:
            return UnknownValue(f'what its input "{name[:80]}" does is not known')
    return _module(adapter, releases, call, directory)


def _covers(adapter: ModuleAdapter, releases: Releases) -> bool:
    return (
        releases.below is not None
        and adapter.since <= releases.since
        and releases.below <= adapter.below
    )


def _module(adapter: ModuleAdapter, releases: Releases, call: Placed, directory: str) -> Module:
    """Give an adapter as a module all of which stands in the file of the call.

    By the local values ``major`` and ``minor`` it says what differs between releases.
    """
    file, given = call.file, call.block.body.attributes
    left_out = [
        what for what, by in adapter.left_out.items() if not by or not given.keys().isdisjoint(by)
    ]
    module = assemble(directory, [(file, _parsed(adapter.code))])
    numbers = {"major": releases.major, "minor": releases.minor}
    known = {name: _number(name, number, file) for name, number in numbers.items()}
    return msgspec.structs.replace(
        module,
        locals={**module.locals, **known},
        is_remote=True,
        is_adapter=True,
        left_out=" and ".join(left_out),
    )


def _number(name: str, number: int | None, file: CodeFile) -> PlacedValue:
    value: Expr = Broken(0, 0, _DIFFER) if number is None else Literal(0, 0, number)
    return PlacedValue(file, Attribute(name, value, 0, 0))


@functools.lru_cache(maxsize=256)
def _parsed(code: str) -> Body:
    return parse_json(code).body


def _shown(release: Release) -> str:
    return ".".join(map(str, release))
