"""Which calls give OpenSearch domains, one describe call each."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.opensearch.domain",
        listing=Operation(
            service="opensearch",
            name="ListDomainNames",
            action="es:ListDomainNames",
            items="DomainNames",
        ),
        reads=(
            Operation(
                service="opensearch",
                name="DescribeDomain",
                action="es:DescribeDomain",
                params={"DomainName": "$.DomainName"},
                gone=("ResourceNotFoundException",),
            ),
        ),
    ),
)
