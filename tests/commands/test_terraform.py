"""Terraform snippets of fixes are HCL, and each argument is one that the provider has.

``terraform.json`` holds the arguments, by resource type, that were found in the providers'
published schemas when it was written: the packages cdktf-cdktf-provider-aws 21.22.1, -azurerm
14.23.1, -google and -google-beta 16.12.1. A snippet without a resource around it stands for the
inside of one: its arguments may stand at any depth, in a type of the rule or in what belongs to it.
An argument that is not there is either new, to be looked up, or stands in ``ELSEWHERE``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mlsec.core.catalogue import Fix
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.syntax.tree import Body
from tests.commands.printed import fixes
from tests.loops import for_each

NAMES = json.loads(Path(__file__).with_name("terraform.json").read_text("utf-8"))
# Blocks of the language, and types that those packages do not have.
LANGUAGE = {"locals", "variable", "module", "output", "data", "lifecycle", "depends_on", "provider"}
ELSEWHERE = {
    "azapi_resource": "of the provider azapi",
    "azapi_update_resource": "of the provider azapi",
    "aws_wafv2_web_acl_association": "its page in the package has no name of a resource",
    "google_vertex_ai_reasoning_engine": "newer than the package",
    "spec.service_account": "of google_vertex_ai_reasoning_engine",
    "secret_env": "of google_vertex_ai_reasoning_engine",
    "deployment_spec": "of google_vertex_ai_reasoning_engine",
    "rule.statement": "the packages do not describe the inside of a statement of a web ACL",
}


def snippets() -> list[tuple[str, str, Fix]]:
    return [each for each in fixes() if each[2].terraform]


def paths(body: Body, base: str = "") -> Iterator[str]:
    """Yield every argument and block of a body as a path, those inside of ``dynamic`` too."""
    for name in body.attributes:
        yield f"{base}{name}"
    for block in body.blocks:
        if block.kind in LANGUAGE or block.kind == "content":
            continue
        if block.kind == "dynamic":
            yield f"{base}{block.labels[0]}"
            continue
        yield f"{base}{block.kind}"
        yield from paths(block.body, f"{base}{block.kind}.")


def is_elsewhere(name: str) -> bool:
    return any(f"{name}.".startswith(f"{left_out}.") for left_out in ELSEWHERE)


def wanted(text: str) -> Iterator[tuple[str, str]]:
    """Yield (resource type, path); the type is "" for what has no resource around it."""
    body = parse(text).body
    for block in body.of_kind("resource"):
        yield from ((block.labels[0], path) for path in paths(block.body))
    rest = tuple(block for block in body.blocks if block.kind not in {*LANGUAGE, "resource"})
    yield from (("", path) for path in paths(Body(attributes=body.attributes, blocks=rest)))


@for_each(("rule", "provider", "fix"), snippets, lambda rule, provider, _: f"{rule} {provider}")
def test_snippet_is_hcl(rule: str, provider: str, fix: Fix) -> None:
    assert parse(fix.terraform).mistakes == ()


@for_each(("rule", "provider", "fix"), snippets, lambda rule, provider, _: f"{rule} {provider}")
def test_every_argument_is_one_of_the_provider(rule: str, provider: str, fix: Fix) -> None:
    anywhere = [path for known in NAMES.values() for path in known]
    missing = []
    for kind, path in wanted(fix.terraform):
        if is_elsewhere(kind) or is_elsewhere(path):
            continue
        if kind and path not in NAMES.get(kind, ()):
            missing.append((kind, path))
        if not kind and not any(f".{known}".endswith(f".{path}") for known in anywhere):
            missing.append(("", path))
    assert missing == []
