"""Which calls read keys: rings with their policies, keys below them, policies of used keys."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

LIST_LOCATIONS = Operation(
    service="cloudkms",
    name="ListLocations",
    action="cloudkms.locations.list",
    items="locations",
    is_global=True,
)
_POLICY = "v1/{resource}:getIamPolicy"

ROUTES: Mapping[str, Route] = {
    LIST_LOCATIONS.label: Route(path="v1/projects/{project}/locations", page_size=200),
    "cloudkms:ListKeyRings": Route(
        path="v1/projects/{project}/locations/{region}/keyRings",
        page_size=500,
        asset="cloudkms.googleapis.com/KeyRing",
        locations=LIST_LOCATIONS.label,
    ),
    "cloudkms:KeyRingsGetIamPolicy": Route(path=_POLICY, asset="cloudkms.googleapis.com/KeyRing"),
    "cloudkms:ListCryptoKeys": Route(
        path="v1/{parent}/cryptoKeys", page_size=500, asset="cloudkms.googleapis.com/CryptoKey"
    ),
    "cloudkms:CryptoKeysGetIamPolicy": Route(
        path=_POLICY, asset="cloudkms.googleapis.com/CryptoKey"
    ),
}


def _policy(name: str, noun: str) -> Operation:
    return Operation(
        service="cloudkms",
        name=name,
        action=f"cloudkms.{noun}.getIamPolicy",
        params={"resource": "$.name", "options.requestedPolicyVersion": 3},
        gone=("NOT_FOUND",),
        is_global=True,
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.kms.key_ring",
        listing=Operation(
            service="cloudkms",
            name="ListKeyRings",
            action="cloudkms.keyRings.list",
            items="keyRings",
            is_global=True,
        ),
        region="$.~region",
        reads=(_policy("KeyRingsGetIamPolicy", "keyRings"),),
    ),
    TypePlan(
        type="gcp.kms.key",
        parent="gcp.kms.key_ring",
        listing=Operation(
            service="cloudkms",
            name="ListCryptoKeys",
            action="cloudkms.cryptoKeys.list",
            params={"parent": "$parent.name"},
            items="cryptoKeys",
            is_global=True,
        ),
        region="$.~region",
        reads=(_policy("CryptoKeysGetIamPolicy", "cryptoKeys"),),
        is_referred=True,
    ),
)
