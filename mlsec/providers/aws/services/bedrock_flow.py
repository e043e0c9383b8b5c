"""Which calls give Bedrock flows with their versions and aliases, and managed prompts."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services.bedrock_agent import ask

_TEMPLATE = (
    "text.text",
    "chat.messages[].content[].text",
    "chat.system[].text",
)
_NODE = (
    *(f"prompt.sourceConfiguration.inline.templateConfiguration.{part}" for part in _TEMPLATE),
    "knowledgeBase.promptTemplate.textPromptTemplate",
    "knowledgeBase.orchestrationConfiguration.promptTemplate.textPromptTemplate",
    "inlineCode.code",
)
# A loop node holds a flow of its own; two levels are read, deeper ones the service refuses.
_INSIDE = ("nodes[].configuration", "nodes[].configuration.loop.definition.nodes[].configuration")
_NODES = tuple(f"definition.{inside}.{text}" for inside in _INSIDE for text in _NODE)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.bedrock.flow",
        listing=ask("ListFlows", items="flowSummaries"),
        tags_as="bedrock",
        reads=(ask("GetFlow", {"flowIdentifier": "$.id"}, redact=_NODES),),
    ),
    TypePlan(
        type="aws.bedrock.flow_version",
        parent="aws.bedrock.flow",
        listing=ask(
            "ListFlowVersions", {"flowIdentifier": "$parent.id"}, items="flowVersionSummaries"
        ),
        # The draft is not a numbered version; it is read as the flow itself.
        but={"version": ("DRAFT",)},
        reads=(
            ask(
                "GetFlowVersion",
                {"flowIdentifier": "$parent.id", "flowVersion": "$.version"},
                redact=_NODES,
            ),
        ),
    ),
    TypePlan(
        type="aws.bedrock.flow_alias",
        parent="aws.bedrock.flow",
        listing=ask(
            "ListFlowAliases", {"flowIdentifier": "$parent.id"}, items="flowAliasSummaries"
        ),
    ),
    TypePlan(
        type="aws.bedrock.prompt",
        listing=ask("ListPrompts", items="promptSummaries"),
        tags_as="bedrock",
        reads=(
            ask(
                "GetPrompt",
                {"promptIdentifier": "$.id"},
                redact=tuple(f"variants[].templateConfiguration.{part}" for part in _TEMPLATE),
            ),
        ),
    ),
)
