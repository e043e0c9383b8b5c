"""SageMaker Search over the estate: records say what the describe calls say."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.estate.identify import Call, operation_model
from tests.estate.overlay import only_members
from tests.estate.wire import Answer

Ask = Callable[[str, str, dict[str, Any]], dict[str, Any]]  # region, operation, params -> JSON

# Resource of the search: (listing, its list, what names an item, describe, its parameter).
_INDEXED = {
    "Model": ("ListModels", "Models", "ModelName", "DescribeModel", "ModelName"),
    "Endpoint": ("ListEndpoints", "Endpoints", "EndpointName", "DescribeEndpoint", "EndpointName"),
    "TrainingJob": (
        "ListTrainingJobs", "TrainingJobSummaries", "TrainingJobName", "DescribeTrainingJob",
        "TrainingJobName",
    ),
    "ModelPackageGroup": (
        "ListModelPackageGroups", "ModelPackageGroupSummaryList", "ModelPackageGroupName",
        "DescribeModelPackageGroup", "ModelPackageGroupName",
    ),
    "FeatureGroup": (
        "ListFeatureGroups", "FeatureGroupSummaries", "FeatureGroupName", "DescribeFeatureGroup",
        "FeatureGroupName",
    ),
    "Pipeline": (
        "ListPipelines", "PipelineSummaries", "PipelineName", "DescribePipeline", "PipelineName",
    ),
    "HyperParameterTuningJob": (
        "ListHyperParameterTuningJobs", "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobName", "DescribeHyperParameterTuningJob",
        "HyperParameterTuningJobName",
    ),
    "ModelPackage": (
        "ListModelPackages", "ModelPackageSummaryList", "ModelPackageArn", "DescribeModelPackage",
        "ModelPackageName",
    ),
    "ModelCard": (
        "ListModelCards", "ModelCardSummaries", "ModelCardName", "DescribeModelCard",
        "ModelCardName",
    ),
}  # fmt: skip


class SearchIndex:
    """Builds the records of a region on the first search and pages through them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._records: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def answer(self, call: Call) -> Answer:
        kind, start = str(call.params.get("Resource", "")), 0
        if call.params.get("NextToken"):
            start = int(base64.b64decode(call.params["NextToken"]))
        size = int(call.params.get("MaxResults", 10))
        records = self._all(call.region, kind)
        body: dict[str, Any] = {"Results": records[start : start + size]}
        if start + size < len(records):
            body["NextToken"] = base64.b64encode(str(start + size).encode()).decode()
        headers = (("content-type", "application/x-amz-json-1.1"),)
        return Answer(status=200, headers=headers, body=json.dumps(body).encode())

    def _all(self, region: str, kind: str) -> list[dict[str, Any]]:
        if (region, kind) not in self._records:
            described = list(self._described(region, kind)) if kind in _INDEXED else []
            # The real index lags behind: the newest of each kind is not in it yet.
            described = described[:-1]
            shape = operation_model("sagemaker", "Search").output_shape.members["Results"].member
            self._records[region, kind] = [_record(kind, item, shape) for item in described]
        return self._records[region, kind]

    def _described(self, region: str, kind: str) -> Any:
        listing, items, name, describe, parameter = _INDEXED[kind]
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            if kind == "ModelPackage":
                more["ModelPackageType"] = "Both"
            page = self._ask(region, listing, {"MaxResults": 100, **more})
            for item in page.get(items, []):
                whole = self._ask(region, describe, {parameter: item[name]})
                arn = next(v for k, v in whole.items() if k.endswith("Arn") and k.startswith(kind))
                yield {**whole, "Tags": [] if kind == "ModelPackage" else self._tags(region, arn)}
            token = page.get("NextToken")
            if not token:
                return

    def _tags(self, region: str, arn: str) -> list[dict[str, str]]:
        # The emulator cannot take apart a package's ARN, which ends in a version.
        return list(self._ask(region, "ListTags", {"ResourceArn": arn}).get("Tags", []))


def _record(kind: str, item: dict[str, Any], shape: Any) -> dict[str, Any]:
    if kind == "Model":  # the index wraps a model with its endpoints, schedules and card
        item = {"Model": item}
    return {kind: only_members(item, shape.members[kind])}
