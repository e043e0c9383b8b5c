"""Which call gives an account's budgets: one listing."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.budgets.budget",
        listing=Operation(
            service="budgets",
            name="DescribeBudgets",
            action="budgets:ViewBudget",
            params={"AccountId": "$account", "ShowFilterExpression": True},
            items="Budgets",
            not_set=("NotFoundException",),
            is_global=True,
        ),
    ),
)
