"""What Azure techniques work on: identities, and everything that runs code as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Unknown
from mlsec.graph.techniques.escalation import ask
from mlsec.graph.techniques.technique import Needs, Target, TargetKind
from mlsec.graph.ternary import NO, Answer, all_of, any_of, unknown
from mlsec.providers.azure.facts.grants import grants_of
from mlsec.providers.azure.facts.role_assignments import is_over_subscriptions

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

MANAGED, WORKLOAD = "azure.identity.managed_identity", "azure.identity.workload"


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of thing that code can be run on as an identity.

    ``arm`` is its resource type in lower case, ``types`` are the vocabulary's (none where such
    things, or whom their code runs as, are not read), and ``relations``
    lead from one to the identities that its code runs as. ``holder`` is the relation from such a
    thing to the one that rights are held on, "" for itself.
    """

    about: str
    arm: str
    types: tuple[str, ...] = (WORKLOAD,)
    relations: tuple[str, ...] = ("role",)
    holder: str = ""


_COMPUTES = ("azure.ml.compute_instance", "azure.ml.compute_cluster")
RUNNERS: Mapping[str, Runner] = {
    "machine": Runner(about="a virtual machine", arm="microsoft.compute/virtualmachines"),
    "scale set": Runner(
        about="a virtual machine scale set", arm="microsoft.compute/virtualmachinescalesets"
    ),
    "connected machine": Runner(
        about="a machine of Azure Arc", arm="microsoft.hybridcompute/machines"
    ),
    "automation account": Runner(
        about="an automation account", arm="microsoft.automation/automationaccounts"
    ),
    "logic app": Runner(about="a logic app", arm="microsoft.logic/workflows"),
    "container group": Runner(
        about="a container group", arm="microsoft.containerinstance/containergroups"
    ),
    "container app": Runner(
        about="a container app", arm="microsoft.app/containerapps",
        types=("azure.containerapp.app",),
    ),
    "container job": Runner(about="a job of Container Apps", arm="microsoft.app/jobs"),
    "site": Runner(
        about="a web or function app", arm="microsoft.web/sites", types=("azure.web.site",)
    ),
    "cluster": Runner(
        about="a Kubernetes cluster", arm="microsoft.containerservice/managedclusters",
        types=("azure.aks.cluster",), relations=("role", "node_role"),
    ),
    "registry": Runner(
        about="a container registry with a task", arm="microsoft.containerregistry/registries",
        types=(),
    ),
    "data factory": Runner(about="a data factory", arm="microsoft.datafactory/factories"),
    "synapse workspace": Runner(
        about="a Synapse workspace", arm="microsoft.synapse/workspaces"
    ),
    "batch account": Runner(about="a batch account", arm="microsoft.batch/batchaccounts", types=()),
    "deployment script": Runner(
        about="a deployment script", arm="microsoft.resources/deploymentscripts"
    ),
    "policy assignment": Runner(
        about="a policy assignment that remediates",
        arm="microsoft.authorization/policyassignments", types=(),
    ),
    "ml workspace": Runner(
        about="a machine learning workspace with a compute",
        arm="microsoft.machinelearningservices/workspaces", types=_COMPUTES, holder="workspace",
    ),
    "ml workspace itself": Runner(
        about="a machine learning workspace", types=("azure.ml.workspace",),
        arm="microsoft.machinelearningservices/workspaces",
    ),
    "ml compute": Runner(
        about="a compute of machine learning", types=_COMPUTES,
        arm="microsoft.machinelearningservices/workspaces/computes",
    ),
    "ml endpoint": Runner(
        about="an online endpoint", types=("azure.ml.online_endpoint",),
        arm="microsoft.machinelearningservices/workspaces/onlineendpoints",
    ),
    "ai account": Runner(
        about="an account of AI services", types=("azure.cognitive.account",),
        arm="microsoft.cognitiveservices/accounts",
    ),
    "gateway": Runner(
        about="an API Management service", types=("azure.apim.service",),
        arm="microsoft.apimanagement/service",
    ),
}  # fmt: skip

_IDENTITY = Runner(
    about="an identity", arm="microsoft.managedidentity/userassignedidentities",
    types=(MANAGED,), relations=(),
)  # fmt: skip


def type_at(place: str) -> str:
    """Give the resource type of an id in lower case, "" for a group or what is above it."""
    _, sign, after = place.rpartition("/providers/")
    pieces = after.split("/")
    return "/".join((pieces[0], *pieces[1::2])) if sign and len(pieces) > 2 else ""


def _leads_to(kind: str, identity: Resource, graph: Graph) -> tuple[Target, ...]:
    index = graph.memo(("azure runs as", kind), lambda: _by_identity(RUNNERS[kind], graph))
    return tuple(
        Target(
            kind=kind, name=f"{thing.name} -> {identity.name}", resource=thing, identity=identity
        )
        for thing in index.get(identity.id, ())
    )


def _by_identity(runner: Runner, graph: Graph) -> dict[str, list[Resource]]:
    index: dict[str, list[Resource]] = {}
    for thing in _things(runner, graph):
        holders = graph.targets(thing, runner.holder).resources if runner.holder else (thing,)
        identities = {
            identity.id
            for relation in runner.relations
            for identity in graph.targets(thing, relation).resources
        }
        for identity in sorted(identities):
            index.setdefault(identity, []).extend(holders)
    return index


def _things(runner: Runner, graph: Graph) -> Iterator[Resource]:
    for name in runner.types:
        for thing in graph.of_type(name):
            if name != WORKLOAD or thing.properties.get("kind") == runner.arm:
                yield thing


def _unseen(kind: str, identity: Resource, needs: Needs, graph: Graph) -> Answer:
    """Whether the rights are held on something of a kind whose identity is not known."""
    grants = grants_of(identity, graph)
    if isinstance(grants, Unknown):
        return unknown(grants.gaps)
    scopes = {grant.scope for grant in grants if not _is_wide(grant.scope)}
    answers = []
    for scope in sorted(scopes):
        hidden = _hidden_at(kind, scope, identity, graph)
        if hidden:
            place = Resource(
                id=scope, type=MANAGED, provider="azure", scope=identity.scope, name=scope
            )
            answer = ask(needs, identity, Target(kind=kind, resource=place), graph)
            answers.append(all_of((answer, unknown(hidden))))
    return any_of(answers) if answers else NO


def _hidden_at(kind: str, scope: str, seen_from: Resource, graph: Graph) -> tuple[str, ...]:
    """Give why not everything of a kind at and below a scope is known with whom it runs as."""
    runner = RUNNERS.get(kind, _IDENTITY)
    here = type_at(scope)
    is_thing = here == runner.arm or here.startswith(f"{runner.arm}/")
    if here and not (is_thing or runner.arm.startswith(f"{here}/")):
        return ()
    if not runner.types:
        return (f"?whom {runner.about} runs as",)
    things = [thing for thing in _things(runner, graph) if _is_near(scope, thing)]
    doubts = {gap for thing in things for gap in _doubts_of(thing, runner, graph)}
    if is_thing and not things:
        doubts.add(f"?whom {scope} runs as")
    if not is_thing:
        doubts.update(g for t in runner.types for g in graph.incomplete(t, seen_from.scope, ""))
    return tuple(sorted(doubts))


def _is_near(scope: str, thing: Resource) -> bool:
    """Whether a thing is at a scope, below it, or what it is a part of."""
    own = f"{thing.identity.lower()}/"
    return own.startswith(f"{scope}/") or f"{scope}/".startswith(own)


def _doubts_of(thing: Resource, runner: Runner, graph: Graph) -> Iterator[str]:
    """Give what hides whom a thing runs as, or what such an identity may do."""
    for relation in runner.relations:
        reached = graph.targets(thing, relation)
        yield from reached.gaps
        yield from (f"?what {i.name} may do" for i in reached.resources if i.is_stub)


def _is_wide(scope: str) -> bool:
    return is_over_subscriptions(scope) or scope.count("/") <= 2


def _itself(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del graph
    target = Target(kind="identity", name=identity.name, resource=identity, identity=identity)
    return (target,)


def _runner(kind: str, runner: Runner) -> TargetKind:
    return TargetKind(
        about=f"{runner.about} that runs as a privileged identity",
        leading_to=lambda identity, graph: _leads_to(kind, identity, graph),
        unseen=lambda identity, needs, _, graph: _unseen(kind, identity, needs, graph),
    )


def _nothing(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del identity, graph
    return ()


TARGETS: Mapping[str, TargetKind] = {
    "identity": TargetKind(
        about="a managed identity that is privileged",
        leading_to=_itself,
        unseen=lambda identity, needs, _, graph: _unseen("identity", identity, needs, graph),
    ),
    "whichever": TargetKind(about="whichever there is in the subscription", leading_to=_nothing),
    **{kind: _runner(kind, runner) for kind, runner in RUNNERS.items()},
}
