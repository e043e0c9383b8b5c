"""The permissions behind each ability of a service account, and the techniques open to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.techniques.escalation import Escalation, escalations
from mlsec.graph.techniques.load import shipped_techniques
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.providers.gcp.facts.grants import verdict
from mlsec.providers.gcp.facts.identities import identity_of, may_everywhere
from mlsec.providers.gcp.facts.technique_words import WORDS, is_admin

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# An ability is a list of ways, any of which is enough; a way is a list of permissions on the whole
# project, all of which are needed.
_Way = tuple[str, ...]
_ABILITIES: Mapping[str, tuple[_Way, ...]] = {
    "can_act_as_any": (("iam.serviceAccounts.actAs",),),
    "can_mint_tokens": (
        ("iam.serviceAccounts.getAccessToken",),
        ("iam.serviceAccounts.signJwt",),
        ("iam.serviceAccounts.signBlob",),
        ("iam.serviceAccounts.implicitDelegation",),
    ),
    "can_create_keys": (("iam.serviceAccountKeys.create",),),
    "can_read_any_bucket": (("storage.objects.get",),),
    "can_write_any_bucket": (("storage.objects.create",),),
    "can_read_any_secret": (("secretmanager.versions.access",),),
    "can_use_any_key": (("cloudkms.cryptoKeyVersions.useToDecrypt",),),
    "has_full_ml_access": (
        (
            "aiplatform.endpoints.deploy",
            "aiplatform.endpoints.delete",
            "aiplatform.models.delete",
            "aiplatform.customJobs.create",
        ),
    ),
    "can_invoke_any_model": (("aiplatform.endpoints.predict",),),
    "can_change_guardrails": (
        ("modelarmor.templates.update",),
        ("modelarmor.templates.delete",),
        ("modelarmor.floorSettings.update",),
    ),
    "can_stop_logging": (
        ("logging.sinks.delete",),
        ("logging.sinks.update",),
        ("logging.buckets.delete",),
        ("logging.buckets.update",),
        ("logging.logs.delete",),
    ),
}
_POWERS = (
    "is_admin",
    "can_act_as_any",
    "can_mint_tokens",
    "can_create_keys",
    "can_write_any_bucket",
    "can_read_any_secret",
)
_BASIC = ("roles/owner", "roles/editor")


def can(account: Resource, ability: str, graph: Graph) -> Answer:
    """Say whether an account is administrator, or has an ability of the table."""
    if ability == "is_admin":
        return is_admin(account, graph)
    return any_of(_all(account, way, graph) for way in _ABILITIES[ability])


def is_known_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it surely is administrator; what is not known is no, so that the rest is asked."""
    return Known(is_admin(resource, graph) == YES)


def has_basic_role(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it holds owner or editor, on the project or above."""
    return verdict(identity_of(resource, graph).holds(_BASIC), resource, graph)


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether who holds this account holds the project, or all of its data."""
    powers = any_of(can(resource, ability, graph) for ability in _POWERS)
    return verdict(any_of((powers, _escalation(resource, graph).is_open)), resource, graph)


def can_escalate(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a known technique to become more powerful is open."""
    return verdict(_escalation(resource, graph).is_open, resource, graph)


def escalation_paths(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the open techniques by their rights; unread unless every one is decided."""
    escalation = _escalation(resource, graph)
    if escalation.undecided != NO:
        return verdict(escalation.undecided, resource, graph)
    return Known(sorted({path.text for path in escalation.paths}))


def _escalation(account: Resource, graph: Graph) -> Escalation:
    known = graph.memo(
        ("gcp escalations",), lambda: escalations(WORDS, shipped_techniques(WORDS), graph)
    )
    return known[account.id]


def _all(account: Resource, way: _Way, graph: Graph) -> Answer:
    return all_of(may_everywhere(account, permission, graph) for permission in way)


def _ability(name: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(can(resource, name, graph), resource, graph)

    derive.__doc__ = f"Whether the account has the ability {name}."
    return derive


ABILITIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    **{f"gcp_abilities.{name}": _ability(name) for name in ("is_admin", *_ABILITIES)},
    "gcp_abilities.is_known_admin": is_known_admin,
    "gcp_abilities.has_basic_role": has_basic_role,
    "gcp_abilities.can_escalate": can_escalate,
    "gcp_abilities.escalation_paths": escalation_paths,
    "gcp_abilities.is_privileged": is_privileged,
}
