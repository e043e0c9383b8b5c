"""Alarms, trails, log groups and budgets: what is watched and recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_RULE_ALARM = re.compile(
    r"(?:ALARM|OK|INSUFFICIENT_DATA)\s*+\(\s*+[\"']?([^\"')\s](?:[^\"')]{0,300}[^\"')\s])?)[\"']?\s*+\)"
)
_LOG_SOURCES = (
    ("/aws/sagemaker/", "sagemaker"),
    ("/aws/bedrock-agentcore/", "bedrock-agentcore"),
    ("/aws/bedrock/", "bedrock"),
    ("/aws/vendedlogs/bedrock", "bedrock"),
    ("/aws/vendedlogs/sagemaker", "sagemaker"),
)
_ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
_ALL_OF_TYPE = {
    "AWS::S3::Object": re.compile(r"arn:aws[a-z-]*:s3(:::)?\Z"),
    "AWS::Lambda::Function": re.compile(r"arn:aws[a-z-]*:lambda\Z"),
    "AWS::DynamoDB::Table": re.compile(r"arn:aws[a-z-]*:dynamodb\Z"),
}
# Models of other makers are billed as services of their own: "... (Amazon Bedrock Edition)".
_ML_SERVICES = ("SageMaker", "Bedrock")
_PLAIN_FIELDS = ("eventCategory", "resources.type")


def alarm_namespaces(raw: Any) -> list[str] | None:
    """Give every namespace that an alarm reads, in order of first use."""
    return _unique(metric.get("Namespace") for metric in _metrics(raw))


def alarm_metrics(raw: Any) -> list[str] | None:
    """Give every metric that an alarm reads."""
    return _unique(metric.get("MetricName") for metric in _metrics(raw))


def alarm_endpoints(raw: Any) -> list[str] | None:
    """Give the model endpoints that an alarm's dimensions name."""
    return _unique(_dimension(metric, "EndpointName") for metric in _metrics(raw))


def alarm_services(raw: Any) -> list[str] | None:
    """Give the services whose use of a quota an alarm watches."""
    return _unique(_dimension(metric, "Service") for metric in _metrics(raw))


def alarms_in_rule(raw: Any) -> list[str] | None:
    """Give the names of the alarms in a composite alarm's rule; an ARN is cut to its name."""
    if raw is None:
        return None
    arns = (match.group(1) for match in _RULE_ALARM.finditer(str(raw)))
    return _unique(arn.rpartition(":alarm:")[2] or arn for arn in arns)


def log_group_arn(raw: Any) -> str | None:
    """Give the ARN of a log group without the ``:*`` that some services append."""
    return str(raw).removesuffix(":*") if raw else None


def logged_endpoint(raw: Any) -> str | None:
    """Give the model endpoint whose containers write to a log group of this name."""
    name = str(raw or "")
    return name.removeprefix(_ENDPOINT_LOGS) if name.startswith(_ENDPOINT_LOGS) else None


def ml_log_source(raw: Any) -> str | None:
    """Give the ML service that owns a log group of this name; None when it is not one's."""
    name = str(raw or "")
    return next((source for prefix, source in _LOG_SOURCES if name.startswith(prefix)), None)


def filter_metrics(raw: Any) -> list[str] | None:
    """Give the metrics that a metric filter feeds."""
    return None if raw is None else _unique(item.get("metricName") for item in raw)


def management_events(raw: Any) -> str | None:
    """Say whether a trail logs all management events, some, or none."""
    advanced, basic = raw.get("AdvancedEventSelectors"), raw.get("EventSelectors")
    if advanced:
        mine = [s for s in advanced if "Management" in _equals(s, "eventCategory")]
        if not mine:
            return "none"
        return "all" if any(_is_plain(s) for s in mine) else "some"
    if basic:
        mine = [s for s in basic if s.get("IncludeManagementEvents", True)]
        if not mine:
            return "none"
        return "all" if any(_is_whole(s) for s in mine) else "some"
    return "all"


def data_events(raw: Any) -> list[str] | None:
    """Give the resource types all of whose data events a trail logs."""
    return sorted({name for name, is_whole in _data_types(raw) if is_whole})


def partial_data_events(raw: Any) -> list[str] | None:
    """Give the resource types only some of whose data events a trail logs."""
    whole = {name for name, is_whole in _data_types(raw) if is_whole}
    return sorted({name for name, is_whole in _data_types(raw) if not is_whole} - whole)


def budget_services(raw: Any) -> list[str] | None:
    """Give the services that a budget is narrowed to by its filters of either form."""
    return sorted(_budget_services(raw))


def is_unfiltered_budget(raw: Any) -> bool | None:
    """Say whether a budget counts all spending of the account."""
    return _is_cost(raw) and not raw.get("CostFilters") and not raw.get("FilterExpression")


def budget_covers_ml(raw: Any) -> bool | None:
    """Say whether a budget counts what SageMaker or Bedrock costs."""
    if not _is_cost(raw):
        return False
    return bool(is_unfiltered_budget(raw)) or any(
        name in service for service in _budget_services(raw) for name in _ML_SERVICES
    )


def _is_cost(raw: Any) -> bool:
    return str(raw.get("BudgetType", "COST")) == "COST"


def _budget_services(raw: Any) -> set[str]:
    old = (raw.get("CostFilters") or {}).get("Service") or ()
    return {str(service) for service in old} | set(
        _expression_services(raw.get("FilterExpression"))
    )


def _expression_services(raw: Any) -> Iterator[str]:
    """Give the services that an expression asks for; what stands under Not is left out."""
    if not raw:
        return
    dimension = raw.get("Dimensions") or {}
    if dimension.get("Key") == "SERVICE":
        yield from (str(value) for value in dimension.get("Values") or ())
    for key in ("Or", "And"):
        for inner in raw.get(key) or ():
            yield from _expression_services(inner)


def _metrics(raw: Any) -> Iterator[Mapping[str, Any]]:
    """Give the metrics of an alarm: its own, and those of its queries."""
    if raw.get("MetricName"):
        yield raw
    for query in raw.get("Metrics") or ():
        if metric := (query.get("MetricStat") or {}).get("Metric"):
            yield metric


def _dimension(metric: Mapping[str, Any], name: str) -> Any:
    return next(
        (item["Value"] for item in metric.get("Dimensions") or () if item["Name"] == name), None
    )


def _unique(values: Any) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def _data_types(raw: Any) -> Iterator[tuple[str, bool]]:
    for selector in raw.get("AdvancedEventSelectors") or ():
        if "Data" in _equals(selector, "eventCategory"):
            for name in _equals(selector, "resources.type"):
                yield name, _is_plain(selector)
    for selector in raw.get("EventSelectors") or ():
        for resource in selector.get("DataResources") or ():
            name = str(resource.get("Type"))
            every = _ALL_OF_TYPE.get(name)
            values = [str(value) for value in resource.get("Values") or ()]
            is_all = every is not None and any(every.match(value) for value in values)
            yield name, is_all and selector.get("ReadWriteType", "All") == "All"


def _equals(selector: Mapping[str, Any], field: str) -> list[str]:
    return [
        str(value)
        for part in selector.get("FieldSelectors") or ()
        if part.get("Field") == field
        for value in part.get("Equals") or ()
    ]


def _is_plain(selector: Mapping[str, Any]) -> bool:
    """Say whether an advanced selector takes everything of its category (and type)."""
    return all(part.get("Field") in _PLAIN_FIELDS for part in selector.get("FieldSelectors") or ())


def _is_whole(selector: Mapping[str, Any]) -> bool:
    is_both = selector.get("ReadWriteType", "All") == "All"
    return is_both and not selector.get("ExcludeManagementEventSources")


WATCH_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "alarm_endpoints": alarm_endpoints,
    "alarm_metrics": alarm_metrics,
    "alarm_namespaces": alarm_namespaces,
    "alarm_services": alarm_services,
    "alarms_in_rule": alarms_in_rule,
    "budget_covers_ml": budget_covers_ml,
    "budget_services": budget_services,
    "data_events": data_events,
    "filter_metrics": filter_metrics,
    "is_unfiltered_budget": is_unfiltered_budget,
    "log_group_arn": log_group_arn,
    "logged_endpoint": logged_endpoint,
    "management_events": management_events,
    "ml_log_source": ml_log_source,
    "partial_data_events": partial_data_events,
}
