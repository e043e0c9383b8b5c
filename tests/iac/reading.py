"""Read the text of templates as a scan does, without a folder."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.collect.walk.plan import Referred
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.iac.arm import reader as arm
from mlsec.iac.cloudformation import reader as cloudformation
from mlsec.iac.terraform import reader as terraform
from mlsec.repository.infrastructure import INFRASTRUCTURE, shapes_of
from mlsec.targets.facts import FACTS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()


def scope_of(texts: dict[str, str], language: Language) -> CodeScope:
    """Give a target that holds these files."""
    files = [
        CodeFile(id=f"repo/{path}", path=path, language=language, text=text, in_repository=path)
        for path, text in texts.items()
    ]
    return CodeScope("code/repo", files, Tally())


def inventory_of(scope: CodeScope, *, as_scanned: bool = False) -> Inventory:
    """Give all that is declared in a target; ``as_scanned``: but for what a scan leaves out."""
    if as_scanned:
        found = [reader(scope, VOCABULARY) for reader in INFRASTRUCTURE]
    else:
        kinds = (terraform, cloudformation, arm)
        found = [each.read(scope, VOCABULARY, shapes_of, lambda _: Referred()) for each in kinds]
    return Inventory(
        resources=tuple(resource for each in found for resource in each.resources),
        gaps=tuple(scope.tally.gaps.values()),
        coverage=scope.tally.coverage(),
    )


def graph_of(*texts: str, language: Language = Language.CLOUDFORMATION) -> Graph:
    """Join what these templates declare; they are called 0.yaml, 1.yaml and so on."""
    named = {f"{n}.yaml": text for n, text in enumerate(texts)}
    return build_graph(VOCABULARY, inventory_of(scope_of(named, language)), FACTS)


def declared(text: str, language: Language = Language.CLOUDFORMATION) -> dict[str, Resource]:
    """Give what one template declares, by its address."""
    found = inventory_of(scope_of({"t.yaml": text}, language))
    return {resource.id.partition("#")[2]: resource for resource in found.resources}


def why(text: str, address: str, name: str, language: Language = Language.CLOUDFORMATION) -> str:
    """Say what hides a property of what one template declares."""
    scope = scope_of({"t.yaml": text}, language)
    inventory = inventory_of(scope)
    (resource,) = [each for each in inventory.resources if each.id.endswith(f"#{address}")]
    return "; ".join(scope.tally.gaps[gap].detail for gap in resource.unread[name])
