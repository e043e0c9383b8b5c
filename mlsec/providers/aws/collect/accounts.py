"""Which accounts and regions to read: asked of AWS; a refusal is a gap with its right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import botocore.exceptions as failures
import botocore.session

from mlsec.collect.client.attempt import attempt
from mlsec.collect.client.meter import AnswerLimits, Meter
from mlsec.collect.client.metered_botocore import meter_client
from mlsec.collect.settings import CollectSettings
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import entries_of
from mlsec.collect.walk.plan import Operation
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.core.sanitize import visible
from mlsec.providers.aws.client.classify import trouble_of
from mlsec.providers.aws.client.session import AwsTarget, SignedInIdentity
from mlsec.providers.aws.tables import DESCRIBE_REGIONS, LIST_ACCOUNTS, LIST_REGIONS

# An assumed session may only read, whatever the role allows.
_READ_ONLY = "arn:{partition}:iam::aws:policy/ReadOnlyAccess"


def find_regions(
    api: Client, identity: SignedInIdentity, target: AwsTarget, configured: str
) -> tuple[Scope, tuple[Gap, ...]]:
    """Ask which regions are enabled; when it is refused, only the configured one is read.

    Raises:
        MlsecError: the target names a region that the account does not have.
    """
    enabled, gaps = _enabled(api, identity)
    regions = target.regions or enabled or ((configured or identity.home),)
    if enabled:
        gaps = ()
        for region in target.regions:
            if region not in enabled:
                raise MlsecError(
                    f'region "{region}" is unknown or not enabled in account {identity.account}',
                    hint="enabled: " + ", ".join(enabled),
                )
    scope = Scope(
        name=identity.scope,
        account=identity.account,
        home=identity.home,
        regions=tuple(sorted(set(regions))),
        partition=identity.partition,
    )
    return scope, () if target.regions else gaps


def find_accounts(
    api: Client, identity: SignedInIdentity
) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
    """Ask for the active accounts of the organisation."""
    request = _request(identity, LIST_ACCOUNTS, identity.home)
    entries = entries_of(request, api.ask(request))
    ids = sorted(
        str(entry["Id"])
        for entry in entries.entries
        if entry.get("Status", entry.get("State", "ACTIVE")) == "ACTIVE" and entry.get("Id")
    )
    return tuple(ids), (entries.gap,) if entries.gap else ()


def account_of(role_arn: str) -> str:
    """Give the account of a role.

    Raises:
        MlsecError: it is not the ARN of a role.
    """
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    if not account:
        raise MlsecError(f'"{visible(role_arn, 200)}" is not the ARN of a role')
    return account


def assume(
    session: botocore.session.Session,
    role_arn: str,
    settings: CollectSettings,
    *,
    region: str,
    config: Any,
) -> Mapping[str, Any] | Gap:
    """Assume a role in another account, narrowed to reading."""
    account = account_of(role_arn)
    asked = {
        "RoleArn": role_arn,
        "RoleSessionName": "mlsec",
        "PolicyArns": [{"arn": _READ_ONLY.format(partition=role_arn.split(":")[1])}],
        **({"ExternalId": settings.external_id} if settings.external_id else {}),
    }

    def ask() -> Mapping[str, Any] | CallFailure:
        try:
            client = meter_client(session.create_client("sts", region_name=region, config=config))
            return dict(client.assume_role(**asked)["Credentials"])
        except (failures.ClientError, failures.BotoCoreError, KeyError) as error:
            return trouble_of(error)

    answer = attempt(ask, Meter(AnswerLimits()))
    if not isinstance(answer, CallFailure):
        return answer
    return make_gap(
        scope=f"aws/{account}",
        subject=role_arn,
        wanted="sts:AssumeRole",
        reason=answer.reason,
        missing_right="sts:AssumeRole" if answer.reason is GapReason.DENIED else "",
        detail=answer.detail,
    )


def _enabled(api: Client, identity: SignedInIdentity) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
    gaps: list[Gap] = []
    for operation, key in ((LIST_REGIONS, "RegionName"), (DESCRIBE_REGIONS, "RegionName")):
        request = _request(identity, operation, "regions")
        entries = entries_of(request, api.ask(request))
        if entries.gap is not None:
            gaps.append(entries.gap)
        names = _names(entries.entries, key)
        if names:
            return names, ()
    return (), tuple(gaps)


def _names(entries: Iterable[Any], key: str) -> tuple[str, ...]:
    return tuple(sorted({str(entry[key]) for entry in entries if entry.get(key)}))


def _request(identity: SignedInIdentity, operation: Operation, subject: str) -> Request:
    return Request(
        scope=identity.scope,
        region=identity.home,
        operation=operation,
        params=operation.params,
        subject=subject,
    )
