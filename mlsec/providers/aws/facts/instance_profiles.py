"""The instance profile by which EC2 is handed a role, as conditions on it are met or not."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value
from mlsec.providers.aws.facts.permissions import Identity
from mlsec.providers.aws.policy.keys import Domain, fixed
from mlsec.providers.aws.policy.patterns import ANY
from mlsec.vocabulary.iac_mapping import is_code

# The key that names the profile in requests of each action.
_KEYS: Mapping[str, str] = {
    "ec2:runinstances": "ec2:instanceprofile",
    "ec2:requestspotinstances": "ec2:instanceprofile",
    "ec2:associateiaminstanceprofile": "ec2:newinstanceprofile",
    "ec2:replaceiaminstanceprofileassociation": "ec2:newinstanceprofile",
}


def profile_keys(action: str, role: Resource | None, who: Identity) -> Mapping[str, Domain]:
    """Give the key of a request (its action in lower case) that hands a role to EC2.

    ``role`` None is whichever there is: its profile has a name that no policy knows.
    """
    key = _KEYS.get(action)
    return {} if key is None else {key: _profile_of(role, who)}


def _profile_of(role: Resource | None, who: Identity) -> Domain:
    profiles = f"arn:{who.partition}:iam::{who.account}:instance-profile/"
    if role is None:
        return fixed(profiles + ANY)
    own = property_value(role, "instance_profiles")
    if isinstance(own, Known) and own.value:
        return fixed(*map(str, own.value))
    if isinstance(own, Known) and not is_code(role.scope):
        # The one that is made for it may have any name that is not taken.
        return fixed(profiles + ANY)
    return Domain(within="arn:*:iam::*:instance-profile/*", may_be_absent=False, is_known=False)
