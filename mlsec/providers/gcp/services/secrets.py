"""Which calls read API keys and secrets: what opens models, and what they are opened with."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

ROUTES: Mapping[str, Route] = {
    "apikeys:ListKeys": Route(
        path="v2/projects/{project}/locations/global/keys", page_size=300, is_window=True
    ),
    "secretmanager:ListSecrets": Route(path="v1/projects/{project}/secrets", page_size=250),
    "secretmanager:SecretsGetIamPolicy": Route(
        path="v1/{resource}:getIamPolicy", asset="secretmanager.googleapis.com/Secret"
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.apikeys.key",
        listing=Operation(
            service="apikeys",
            name="ListKeys",
            action="apikeys.keys.list",
            items="keys",
            # The list leaves the value out; should that ever change, it is not kept.
            redact=("keys[].keyString",),
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.secretmanager.secret",
        listing=Operation(
            service="secretmanager",
            name="ListSecrets",
            action="secretmanager.secrets.list",
            items="secrets",
            is_global=True,
        ),
        reads=(
            Operation(
                service="secretmanager",
                name="SecretsGetIamPolicy",
                action="secretmanager.secrets.getIamPolicy",
                params={"resource": "$.name", "options.requestedPolicyVersion": 3},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
)
