"""Which calls give identities: one family of pages holds users, groups, roles and policies."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan


def _details(items: str) -> Operation:
    """One list of the account's authorisation details; the request is the same for each."""
    return Operation(
        service="iam",
        name="GetAccountAuthorizationDetails",
        params={"MaxItems": 1000},
        items=items,
        is_global=True,
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(type="aws.iam.role", listing=_details("RoleDetailList")),
    TypePlan(type="aws.iam.user", listing=_details("UserDetailList")),
    TypePlan(type="aws.iam.group", listing=_details("GroupDetailList")),
    TypePlan(type="aws.iam.policy", listing=_details("Policies")),
    TypePlan(
        type="aws.iam.service_credential",
        listing=Operation(
            service="iam",
            name="ListServiceSpecificCredentials",
            params={"AllUsers": True},
            items="ServiceSpecificCredentials",
            is_global=True,
        ),
    ),
)
