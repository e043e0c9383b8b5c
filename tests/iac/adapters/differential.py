"""Compare an adapter with its module: python -m tests.iac.adapters.differential --help.

The module's own code is evaluated as after ``terraform init``; a checkout of it with its tags is
needed, and none of it is kept here.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.located.located import UnknownValue
from mlsec.collect.tally import Tally
from mlsec.core.resource import Resource
from mlsec.iac.terraform import reader as terraform
from mlsec.iac.terraform.modules.scope import Scope
from mlsec.iac.terraform.target import Target
from mlsec.iac.terraform.values import Joined, Space, Symbol
from mlsec.repository.infrastructure import shapes_of
from tests.iac.adapters.calls import VOCABULARY, Source, callers

LISTED = ".terraform/modules/modules.json"
_MOST_SHOWN = 40
_OPEN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"


def source_at(repository: Path, tag: str, address: str, folder: str = "") -> Source:
    """Read all Terraform code of a repository at a tag."""
    listed = _git(repository, "ls-tree", "-r", "--name-only", tag).splitlines()
    code = [path for path in listed if path.endswith(".tf") and not path.startswith("examples/")]
    files = {path: _git(repository, "show", f"{tag}:{path}") for path in code}
    return Source(address, tag.removeprefix("v"), files, folder)


def installed(caller: str, sources: Mapping[str, Source]) -> CodeScope:
    """Give a target as it is after ``terraform init``; ``sources`` are by the names of calls."""
    listed: list[dict[str, str]] = []
    texts = {"main.tf": caller}
    for key, source in sources.items():
        base = f".terraform/modules/{key}"
        home = f"{base}/{source.folder}" if source.folder else base
        listed.append({"Key": key, "Source": source.key, "Version": source.version, "Dir": home})
        for path, text in source.files.items():
            texts[f"{base}/{path}"] = text
            below = path.rpartition("/")[0]
            inner = f"{base}/{below}" if below else base
            if inner != home:
                entry = {"Key": f"{key}.{inner}", "Source": "./x", "Version": "", "Dir": inner}
                listed.append(entry) if entry not in listed else None
    texts[LISTED] = json.dumps({"Modules": listed})
    return scope_of(texts)


def scope_of(texts: Mapping[str, str]) -> CodeScope:
    """Give a target of these files."""
    files = [
        CodeFile(
            id=path, path=path, text=text,
            language=Language.TERRAFORM_MODULES if path == LISTED else Language.TERRAFORM,
        )
        for path, text in texts.items()
    ]  # fmt: skip
    return CodeScope("code/t", files, Tally())


def resources_of(scope: CodeScope) -> dict[str, Resource]:
    """Give what a target declares, by its address."""
    found = terraform.read(scope, VOCABULARY, shapes_of)
    return {resource.id.partition("#")[2]: resource for resource in found.resources}


def outputs_of(scope: CodeScope) -> Mapping[str, Any]:
    """Give every output of the module that ``module.m`` calls."""
    target = Target(scope, VOCABULARY.adapters)
    root = target._root(target.modules[""])
    calls = root.instances("module", ("m",))
    assert calls is not None
    child = root.child(calls, next(iter(calls.each().values())))
    if not isinstance(child, Scope):
        return {}
    names = [key[0] for key in child.module.of_kind("output")]
    return {name: child.output(name) for name in names}


def differences(
    caller: str, sources: Mapping[str, Source]
) -> tuple[collections.Counter[str], list[str]]:
    """Compare what the module and its adapter make of a caller: counts, and what is wrong."""
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    real_scope, known_scope = installed(caller, sources), scope_of({"main.tf": caller})
    known = resources_of(known_scope)
    refused = [gap.detail for gap in known_scope.tally.gaps.values() if "not in this" in gap.detail]
    if refused:
        counts["refused"] += 1
        return counts, []
    real = resources_of(real_scope)
    is_partial = any("of what it declares" in gap.detail for gap in known_scope.tally.gaps.values())
    for address in sorted(real.keys() | known.keys()):
        if address not in known and is_partial:
            counts[f"left out {address.rpartition('[')[0] or address}"] += 1
            continue
        if address.rpartition("[")[0] in known or any(a.startswith(f"{address}[") for a in real):
            counts["less instances"] += 1  # The adapter does not say how many there are
            continue
        if address not in known or address not in real:
            kind = (real.get(address) or known[address]).type
            wrong.append(f"{'missing' if address not in known else 'extra'} {kind} {address}")
            continue
        counts["resources"] += 1
        wrong += _compare(address, real[address], known[address], counts)
    theirs, ours = outputs_of(real_scope), outputs_of(known_scope)
    for name, value in ours.items():
        if name not in theirs:
            counts["later outputs"] += 1  # Terraform refuses what refers to it
        elif not _same(value, theirs[name]) and not isinstance(value, UnknownValue):
            wrong.append(f"output {name}: {value!r} for {theirs[name]!r}"[:400])
        counts["outputs"] += 1
    if "= var.unknown" in caller and any(line.startswith("guessed ") for line in wrong):
        settled = _settled(caller, sources)
        counts["worked out"] += len(settled & {*wrong})
        wrong = [line for line in wrong if line not in settled]
    return counts, wrong


def _settled(caller: str, sources: Mapping[str, Source]) -> set[str]:
    """Say what the adapter and the module both state whether an unknown switch is on or off."""
    both: list[set[str]] = []
    for value in ("true", "false"):
        tried = caller.replace("= var.unknown", f"= {value}")
        if differences(tried, sources)[1]:
            return set()
        found = resources_of(scope_of({"main.tf": tried}))
        both.append(
            {
                f"guessed {address}.{name}: {_unnamed(ours)!r}"[:400]
                for given, resource in found.items()
                for address in (given, given.removesuffix("[0]"))
                for name, ours in resource.properties.items()
            }
        )
    return both[0] & both[1]


def _compare(
    address: str, real: Resource, known: Resource, counts: collections.Counter[str]
) -> Iterator[str]:
    for name in sorted(real.properties.keys() | known.properties.keys()):
        is_hidden = name in known.unread or any(k.startswith(f"{name}[") for k in known.unread)
        was_hidden = name in real.unread or any(k.startswith(f"{name}[") for k in real.unread)
        ours, theirs = (_unnamed(each.properties.get(name)) for each in (known, real))
        counts["properties"] += 1
        if is_hidden:
            counts["less"] += not was_hidden
            counts[f"less {name}"] += not was_hidden
        elif was_hidden and _OPEN in str(ours):
            counts["more in part"] += 1
        elif was_hidden:
            counts["more"] += 1
            yield f"guessed {address}.{name}: {ours!r}"[:400]
        elif not _is_partly(ours, theirs):
            yield f"wrong {address}.{name}: {ours!r} for {theirs!r}"[:600]


def _is_partly(ours: Any, theirs: Any) -> bool:
    """Say whether what an adapter says is what the module says, but for what it names."""
    if isinstance(ours, str) and _OPEN in ours:
        return isinstance(theirs, str) and theirs.startswith(ours.partition(_OPEN)[0])
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_is_partly, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_is_partly(ours[k], theirs[k]) for k in ours)
    return bool(ours == theirs)


def _unnamed(value: Any) -> Any:
    """A statement of a policy is the same whatever it is called."""
    if isinstance(value, list):
        return [_unnamed(item) for item in value]
    if isinstance(value, dict):
        return {key: _unnamed(item) for key, item in value.items() if key != "sid"}
    return value


def _same(ours: Any, theirs: Any) -> bool:
    """Compare two outputs; a module may say the same by ``try`` and by the head of a list.

    Where it is not known whether a resource is made, the first gives it as if it were.
    """
    ours, theirs = _plain(ours), _plain(theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return (len(ours) == len(theirs) and all(map(_same, ours, theirs))) or any(
            isinstance(item, Space) for item in ours
        )
    if isinstance(ours, UnknownValue) and isinstance(theirs, UnknownValue):
        return True
    if isinstance(ours, Space) or isinstance(theirs, Space):
        return True
    return bool(ours == theirs)


def _plain(value: Any) -> Any:
    """Text that is one reference and nothing else is that reference.

    The provider gives each setting of a bucket the name of the bucket as its id.
    """
    value = value.parts[0] if isinstance(value, Joined) and len(value.parts) == 1 else value
    if isinstance(value, Symbol) and value.path == ("id",):
        bucket = value.address.replace("aws_s3_bucket_policy.", "aws_s3_bucket.")
        if ".aws_s3_bucket." in bucket:
            return msgspec.structs.replace(value, address=bucket.removesuffix("[0]"))
    return value


def _git(repository: Path, *words: str) -> str:
    ran = subprocess.run(  # noqa: S603 - a tool for a developer, on a checkout of theirs
        ["git", "-C", str(repository), *words],  # noqa: S607
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ran.stdout


def main() -> None:
    """Compare an adapter with several releases of its module."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("address", help="NAMESPACE/NAME/PROVIDER[//FOLDER]")
    parser.add_argument("repository", type=Path)
    parser.add_argument("tags", nargs="+")
    parser.add_argument("--base", default="", help="arguments of every call")
    parser.add_argument("--calls", type=Path, help="a file of more bodies of calls, parted by ---")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--nested", action="append", default=[], help="CALL=ADDRESS=REPO=TAG")
    parser.add_argument("--no-single", action="store_true", help="not each input alone")
    given = parser.parse_args()
    for tag in given.tags:
        for line in _compared(given, tag):
            sys.stdout.write(f"{tag} {line}\n")


def _compared(given: argparse.Namespace, tag: str) -> Iterator[str]:
    """Yield what is wrong at one release, each with the first call that shows it, and counts."""
    address, _, folder = given.address.partition("//")
    source = source_at(given.repository, tag, address, folder)
    sources = {"m": source}
    for item in given.nested:
        call, inner, repository, inner_tag = item.split("=")
        sources[f"m.{call}"] = source_at(Path(repository), inner_tag, inner)
    total: collections.Counter[str] = collections.Counter()
    shown: set[str] = set()
    bodies = given.calls.read_text("utf-8").split("---\n") if given.calls else [given.base]
    for body in bodies:
        texts = callers(
            source, body.strip("\n"), given.seed, given.count, has_single=not given.no_single
        )
        for text in texts:
            counts, wrong = differences(text, sources)
            total += counts
            total["calls"] += 1
            total["wrong"] += bool(wrong)
            for line in wrong if len(shown) < _MOST_SHOWN else ():
                if line not in shown:
                    yield f"{line}\n    {text!r}"[:1_000]
                shown.add(line)
    yield str(dict(total))


if __name__ == "__main__":
    main()
