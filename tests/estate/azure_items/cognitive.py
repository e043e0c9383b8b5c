"""Azure OpenAI and AI Foundry in the invented company."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import log_settings
from tests.estate.azure_items.ml import OWNER
from tests.estate.azure_items.planting import bed
from tests.estate.azure_world import SUBSCRIPTION, agent, arm, child, group_id
from tests.estate.azure_world import project as foundry_project

_ACCOUNTS = "Microsoft.CognitiveServices/accounts"
_APPROVED = [{"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}]
_OPEN = {"properties.publicNetworkAccess": "Enabled"}

ACCOUNT = bed(
    [
        ("azure-ai/account-public-network", _OPEN),
        (
            "azure-ai/account-public-network azure-ai/account-firewall-allows-by-default",
            {**_OPEN, "properties.networkAcls": None},
        ),
        (
            "azure-ai/account-public-network azure-ai/account-firewall-wide-range",
            {**_OPEN, "properties.networkAcls.ipRules": [{"value": "0.0.0.0/0"}]},
        ),
        (
            "azure-ai/account-without-private-endpoint",
            {"properties.privateEndpointConnections": []},
        ),
        ("azure-ai/account-local-auth", {"properties.disableLocalAuth": None}),
        ("azure-ai/account-without-identity", {"identity": None}),
        ("azure-ai/account-without-customer-key", {"properties.encryption": None}),
        (
            "azure-ai/account-egress-unrestricted",
            {"properties.restrictOutboundNetworkAccess": False},
        ),
        ("azure-ai/account-without-owner-tag", {"tags": {}}),
        ("azure-ai/account-abuse-penalty", {"properties.abusePenalty": {"action": "Throttle"}}),
        ("azure-ai/account-may-store-completions", {"properties.storedCompletionsDisabled": False}),
        ("azure-ai/agents-without-customer-network", {"properties.networkInjections": None}),
    ]
)
DEPLOYMENT = bed(
    [
        ("azure-openai/deployment-without-content-filter", {"properties.raiPolicyName": None}),
        (
            "azure-openai/deployment-auto-upgrade",
            {"properties.versionUpgradeOption": "OnceNewDefaultVersionAvailable"},
        ),
        ("azure-openai/deployment-leaves-the-region", {"sku.name": "GlobalStandard"}),
        ("azure-openai/deployment-model-not-approved", {"properties.model.format": "Unheard-of"}),
        ("azure-openai/deployment-model-unpinned", {"properties.model.version": None}),
        ("azure-openai/deployment-failed", {"properties.provisioningState": "Failed"}),
        ("azure-openai/provisioned-without-spillover", {"sku.name": "ProvisionedManaged"}),
    ]
)
# Filters by place in _filters(): 0-3 prompt harms, 4-7 completion harms, 8 jailbreak, 9 documents.
FILTER = bed(
    [
        ("azure-openai/filter-asynchronous", {"properties.mode": "Asynchronous_filter"}),
        (
            "azure-openai/filter-detect-only",
            {"properties.contentFilters.10.blocking": False},
        ),
        (
            "azure-openai/filter-document-attacks-not-blocked",
            {"properties.contentFilters.9.enabled": False},
        ),
        (
            "azure-openai/filter-blocklist-detect-only",
            {"properties.customBlocklists": [{"blocklistName": "names", "blocking": False}]},
        ),
    ],
    first=2,
)
PROJECT = bed([("azure-foundry/project-without-identity", {"identity": None})])
CONNECTION = bed(
    [
        ("azure-foundry/connection-key-authentication", {"properties.authType": "ApiKey"}),
        (
            "azure-foundry/connection-key-authentication azure-foundry/connection-shared-key",
            {"properties.authType": "ApiKey", "properties.isSharedToAll": True},
        ),
        (
            "azure-foundry/connection-without-tls",
            {"properties.target": "http://search.nordlicht.example"},
        ),
        (
            "azure-foundry/connection-secret-in-metadata",
            {"properties.metadata.token": "hf_abcdefghijklmnopqrstuvwxyzABCDEF01"},
        ),
        (
            "azure-foundry/tool-connection-without-authentication",
            {"properties.category": "RemoteTool", "properties.authType": "None"},
        ),
    ]
)
AGENT = bed(
    [
        (
            "azure-foundry/agent-tool-without-authentication",
            {"agent.versions.latest.definition.tools.1.openapi.auth": {"type": "anonymous"}},
        ),
        (
            "azure-foundry/agent-tools-without-approval",
            {"agent.versions.latest.definition.tools.0.require_approval": "never"},
        ),
    ]
)
# What the lenient filter does wrong; the deployments that no row of the table strikes use it.
LENIENT = tuple(
    Planted(rule=f"azure-openai/{rule}", every=8, which=0)
    for rule in (
        "filter-jailbreaks-not-blocked",
        "filter-threshold-high",
        "filter-input-unchecked",
        "filter-output-unchecked",
    )
)
DEFENDER = Planted(rule="azure-ai/defender-plan-off", every=1_000, which=0)
POSTURE = Planted(rule="azure-ai/defender-posture-off", every=1_000, which=0)
_BEDS = (ACCOUNT, DEPLOYMENT, FILTER, PROJECT, CONNECTION, AGENT)
FAULTS: tuple[Planted, ...] = (
    *(f for b in _BEDS for f in b.faults),
    *LENIENT,
    DEFENDER,
    POSTURE,
    *log_settings.faults("azure-ai/account-without-log"),
    *log_settings.UNLOGGED,
)


def of_company() -> list[dict[str, Any]]:
    return []


def of_deployment(site: Site) -> list[dict[str, Any]]:
    account = ACCOUNT.strike(site, _account(site))
    deployment = DEPLOYMENT.strike(site, _deployment(account))
    project = PROJECT.strike(
        site,
        foundry_project(account, site.name, location="westeurope",
                        identity={"type": "SystemAssigned"}),
    )  # fmt: skip
    strict = child(account, "raiPolicies/Strict", _filters())
    lenient = child(account, "raiPolicies/Lenient", _lenient())
    if all(site.is_struck(planted, lenient["id"]) for planted in LENIENT):
        deployment["properties"]["raiPolicyName"] = "Lenient"
    if deployment["properties"].get("raiPolicyName") == "Strict":
        strict = FILTER.strike(site, strict)
    return [
        *_logs(site, account),
        account, deployment, strict, lenient, project,
        CONNECTION.strike(site, _connection(project, "connections/Search")),
        _connection(account, "connections/Docs"),
        AGENT.strike(site, _agent(project)),
        *(_plans(site) if site.deployment.index == 0 else []),
    ]  # fmt: skip


def specimens() -> list[dict[str, Any]]:
    return []


def _agent(project: dict[str, Any]) -> dict[str, Any]:
    server = {
        "type": "mcp",
        "server_label": "crm",
        "server_url": "https://crm.nordlicht.example/mcp",
        "headers": {"x-key": "hf_abcdefghijklmnopqrstuvwxyzABCDEF02"},
        "require_approval": "always",
    }
    orders = {
        "type": "openapi",
        "openapi": {
            "name": "orders",
            "spec": {"openapi": "3.0.0"},
            "auth": {"type": "managed_identity", "security_scheme": {"audience": "api://orders"}},
        },
    }
    search = {
        "type": "azure_ai_search",
        "azure_ai_search": {
            "indexes": [{"project_connection_id": f"{project['id']}/connections/Search",
                         "index_name": "docs"}]
        },
    }  # fmt: skip
    return agent(project, "Helper", [server, orders, search])


def _logs(site: Site, account: dict[str, Any]) -> list[dict[str, Any]]:
    struck = [site.is_struck(fault, account["id"]) for fault in log_settings.UNLOGGED]
    kinds = ("Audit",) if any(struck) else ("Audit", "RequestResponse")
    return log_settings.setting(site, "azure-ai/account-without-log", account, kinds)


def _account(site: Site) -> dict[str, Any]:
    subnet = f"{group_id()}/providers/Microsoft.Network/virtualNetworks/ml/subnets/agents"
    return arm(
        f"{_ACCOUNTS}/{site.name}-ai",
        {
            "publicNetworkAccess": "Disabled",
            "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7"}]},
            "privateEndpointConnections": _APPROVED,
            "disableLocalAuth": True,
            "encryption": {
                "keySource": "Microsoft.KeyVault",
                "keyVaultProperties": {
                    "keyVaultUri": f"https://{site.short}kv.vault.azure.net/",
                    "keyName": "ai",
                },
            },
            "restrictOutboundNetworkAccess": True,
            "allowedFqdnList": [f"{site.short}.blob.core.windows.net"],
            "storedCompletionsDisabled": True,
            "allowProjectManagement": True,
            "networkInjections": [{"scenario": "agent", "subnetArmId": subnet}],
            "endpoint": f"https://{site.name}-ai.openai.azure.com/",
            "customSubDomainName": f"{site.name}-ai",
        },
        kind="AIServices",
        sku={"name": "S0"},
        identity={"type": "SystemAssigned"},
        tags=dict(OWNER),
    )


def _deployment(account: dict[str, Any]) -> dict[str, Any]:
    return child(
        account,
        "deployments/Chat",
        {
            "provisioningState": "Succeeded",
            "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-11-20"},
            "versionUpgradeOption": "OnceCurrentVersionExpired",
            "raiPolicyName": "Strict",
        },
        sku={"name": "Standard", "capacity": 10},
    )


def _filters() -> dict[str, Any]:
    harms = ("Hate", "Sexual", "Selfharm", "Violence")
    graded = [
        {
            "name": harm,
            "source": source,
            "enabled": True,
            "blocking": True,
            "severityThreshold": "Medium",
        }
        for source in ("Prompt", "Completion")
        for harm in harms
    ]
    shields = [
        {"name": name, "source": source, "enabled": True, "blocking": True}
        for name, source in (
            ("Jailbreak", "Prompt"),
            ("Indirect Attack", "Prompt"),
            ("Protected Material Text", "Completion"),
        )
    ]
    return {
        "type": "UserManaged",
        "mode": "Default",
        "basePolicyName": "Microsoft.DefaultV2",
        "contentFilters": [*graded, *shields],
    }


def _lenient() -> dict[str, Any]:
    """Nothing but two filters, one of them weak: everything else is missing."""
    return {
        "type": "UserManaged",
        "mode": "Default",
        "contentFilters": [
            {
                "name": "Hate",
                "source": "Prompt",
                "enabled": True,
                "blocking": True,
                "severityThreshold": "High",
            },
            {"name": "Indirect Attack", "source": "Prompt", "enabled": True, "blocking": True},
        ],
    }


def _connection(above: dict[str, Any], path: str) -> dict[str, Any]:
    return child(
        above,
        path,
        {
            "authType": "AAD",
            "category": "CognitiveSearch",
            "target": "https://nordlicht-search.search.windows.net",
            "isSharedToAll": False,
            "metadata": {"ApiType": "Azure"},
        },
    )


def _plans(site: Site) -> list[dict[str, Any]]:
    base = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/pricings"
    plans: list[dict[str, Any]] = [
        {"id": f"{base}/{name}", "name": name, "properties": {"pricingTier": tier}}
        for name, tier in (
            ("AI", "Free"),
            ("CloudPosture", "Free"),
            ("VirtualMachines", "Standard"),
        )
    ]
    site.is_struck(DEFENDER, plans[0]["id"])
    site.is_struck(POSTURE, plans[1]["id"])
    return plans
