"""Agents and extensions of the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    DEFAULT_ACCOUNT,
    RECENT,
    SECRET_VARIABLE,
    TOKEN,
    Body,
    Fault,
    Kind,
    account_of,
    attachment,
    bucket_of,
    common,
    opened_to,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


def _agent(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        spec={
            "serviceAccount": account_of(site),
            "deploymentSpec": {
                "env": [{"name": "REGION", "value": "europe"}],
                "pscInterfaceConfig": dict(attachment(site)),
            },
        },
    )


AGENT = Kind(
    noun="reasoningEngines",
    schema=f"{_SCHEMA}ReasoningEngine",
    body=_agent,
    faults=(
        Fault(rules=("vertex/agent-without-customer-key",), change=without("encryptionSpec")),
        Fault(
            rules=("vertex/agent-without-customer-network",),
            change=with_("spec.deploymentSpec.pscInterfaceConfig", {}),
        ),
        Fault(
            rules=("vertex/agent-default-service-account",),
            change=with_("spec.serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(
            rules=("vertex/agent-secret-in-environment",),
            change=with_("spec.deploymentSpec.env", [SECRET_VARIABLE]),
        ),
        Fault(rules=("vertex/agent-public",), change=opened_to("allUsers")),
        Fault(
            rules=("vertex/agent-from-pickle",),
            change=with_("spec.packageSpec.pickleObjectGcsUri", "gs://staging/agent.pkl"),
        ),
        Fault(
            rules=("vertex/agent-image-unpinned",),
            change=with_("spec.containerSpec.imageUri", "europe-west4-docker.pkg.dev/p/r/agent:1"),
        ),
        Fault(
            rules=("vertex/agent-source-unpinned",),
            change=with_(
                "spec.sourceCodeSpec.gitSource",
                {"url": "https://github.com/nordlicht/agent", "revision": "main"},
            ),
        ),
    ),
)


def _extension(site: Site, path: str) -> Body:
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "manifest": {
            "name": "orders",
            "apiSpec": {"openApiGcsUri": f"gs://{bucket_of(site)}/orders.yaml"},
            "authConfig": {"authType": "OAUTH"},
        },
    }


EXTENSION = Kind(
    noun="extensions",
    document="aiplatform.v1beta1",
    schema="GoogleCloudAiplatformV1beta1Extension",
    body=_extension,
    faults=(
        Fault(
            rules=("vertex/extension-without-authentication",),
            change=with_("manifest.authConfig.authType", "NO_AUTH"),
        ),
        Fault(
            rules=("vertex/extension-secret-in-manifest",),
            change=with_("manifest.authConfig.apiKeyConfig.apiKeyString", TOKEN),
        ),
    ),
)
KINDS = (AGENT, EXTENSION)


FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
