"""Which calls give Bedrock AgentCore: runtimes, gateways, memories, tools, policies, the vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan

_GONE = ("ResourceNotFoundException",)


def _ask(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    items: str = "",
    gone: tuple[str, ...] = _GONE,
    not_set: tuple[str, ...] = (),
    redact: tuple[str, ...] = (),
) -> Operation:
    return Operation(
        service="bedrock-agentcore-control",
        name=name,
        action=f"bedrock-agentcore:{name}",
        params=params or {},
        items=items,
        gone=gone,
        not_set=not_set,
        redact=redact,
    )


_OAUTH = "credentialProviderConfigurations[].credentialProvider.oauthCredentialProvider"
_POLICY = _ask("GetResourcePolicy", {"resourceArn": "$id"}, gone=(), not_set=_GONE)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.agentcore.runtime",
        listing=_ask("ListAgentRuntimes", items="agentRuntimes"),
        reads=(
            _ask(
                "GetAgentRuntime",
                {"agentRuntimeId": "$.agentRuntimeId"},
                redact=("environmentVariables.*",),
            ),
            _POLICY,
        ),
    ),
    TypePlan(
        type="aws.agentcore.runtime_endpoint",
        parent="aws.agentcore.runtime",
        listing=_ask(
            "ListAgentRuntimeEndpoints",
            {"agentRuntimeId": "$parent.agentRuntimeId"},
            items="runtimeEndpoints",
        ),
        reads=(_POLICY,),
    ),
    TypePlan(
        type="aws.agentcore.gateway",
        listing=_ask("ListGateways", items="items"),
        reads=(
            _ask(
                "GetGateway",
                {"gatewayIdentifier": "$.gatewayId"},
                redact=("protocolConfiguration.mcp.instructions",),
            ),
            _POLICY,
        ),
    ),
    TypePlan(
        type="aws.agentcore.gateway_target",
        parent="aws.agentcore.gateway",
        listing=_ask(
            "ListGatewayTargets", {"gatewayIdentifier": "$parent.gatewayId"}, items="items"
        ),
        reads=(
            _ask(
                "GetGatewayTarget",
                {"gatewayIdentifier": "$parent.gatewayId", "targetId": "$.targetId"},
                redact=(
                    "targetConfiguration.mcp.openApiSchema.inlinePayload",
                    "targetConfiguration.mcp.smithyModel.inlinePayload",
                    "targetConfiguration.http.passthrough.staticQueryParameters.*",
                    f"{_OAUTH}.customParameters.*",
                ),
            ),
        ),
    ),
    TypePlan(
        type="aws.agentcore.memory",
        listing=_ask("ListMemories", items="memories"),
        # Without decryption: the settings are enough, and the memory's key stays untouched.
        reads=(_ask("GetMemory", {"memoryId": "$.id", "view": "without_decryption"}),),
    ),
    # The browsers and interpreters that AWS itself offers cannot be configured: custom ones only.
    TypePlan(
        type="aws.agentcore.browser",
        listing=_ask("ListBrowsers", {"type": "CUSTOM"}, items="browserSummaries"),
        reads=(_ask("GetBrowser", {"browserId": "$.browserId"}),),
    ),
    TypePlan(
        type="aws.agentcore.code_interpreter",
        listing=_ask("ListCodeInterpreters", {"type": "CUSTOM"}, items="codeInterpreterSummaries"),
        reads=(_ask("GetCodeInterpreter", {"codeInterpreterId": "$.codeInterpreterId"}),),
    ),
    TypePlan(
        type="aws.agentcore.policy_engine",
        listing=_ask("ListPolicyEngines", items="policyEngines"),
        reads=(_ask("ListPolicies", {"policyEngineId": "$.policyEngineId"}),),
    ),
    TypePlan(
        type="aws.agentcore.token_vault",
        per="region",
        # An account that never used AgentCore Identity has no vault.
        reads=(_ask("GetTokenVault", {"tokenVaultId": "default"}, gone=(), not_set=_GONE),),
    ),
)
