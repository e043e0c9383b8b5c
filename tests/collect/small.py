"""A small invented provider: its vocabulary, its plans and an asker that answers from a table."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.collect.walk.client import VANISHED, CallResult, Request, gap_for
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import Tagging
from mlsec.collect.walk.plan import Bulk, Operation, TypePlan
from mlsec.collect.walk.walk import walk
from mlsec.collect.walk.walk_settings import WalkSettings
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Inventory
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary

VOCABULARY = """
toy.model:
  id: {api: "ListModels:Arn"}
  name: {api: "ListModels:Name"}
  properties:
    bucket: {type: string, from: {api: "DescribeModel:Bucket"}, absent: null}
    isolated: {type: bool, from: {api: "DescribeModel:Isolated"}, absent: false}
    made: {type: date, from: {api: "DescribeModel:Made"}}
    tags: {type: map, from: {api: "Tags:Tags"}, absent: {}}
    parts:
      type: list
      from: {api: "DescribeModel:Parts"}
      absent: []
      items:
        image: {type: string, from: {api: Image}}
        count: {type: int, from: {api: Count}, absent: 1}
  relations:
    store: {to: toy.bucket, by: bucket, match: name}
toy.bucket:
  neighbour: true
  id: {api: "arn:toy:::{ListBuckets:Name}"}
  name: {api: "ListBuckets:Name"}
  properties:
    policy: {type: string, from: {api: "GetPolicy:Policy"}, absent: null}
    key: {type: string, from: {api: "GetPolicy:Key"}, absent: null}
  relations:
    key: {to: toy.key, by: key}
toy.key:
  neighbour: true
  id: {api: "ListKeys:Arn"}
  properties:
    rotates: {type: bool, from: {api: "GetRotation:On"}, absent: false}
toy.version:
  id: {api: "ListVersions:Arn"}
  properties:
    of: {type: string, from: {api: "parent.ListModels:Name"}}
"""

MODELS = Operation(service="toy", name="ListModels", items="Models")
DESCRIBE = Operation(
    service="toy", name="DescribeModel", params={"Name": "$.Name"}, gone=("NotFound",)
)
SEARCH = Operation(service="toy", name="Search", items="Results")
PLANS = (
    TypePlan(
        type="toy.model",
        listing=MODELS,
        reads=(DESCRIBE,),
        tags_as="toy:model",
        bulk=Bulk(operation=SEARCH, stands_for="DescribeModel", key="Arn"),
    ),
    TypePlan(
        type="toy.version",
        parent="toy.model",
        listing=Operation(
            service="toy", name="ListVersions", params={"Name": "$parent.Name"}, items="Versions"
        ),
    ),
    TypePlan(
        type="toy.bucket",
        listing=Operation(service="toy", name="ListBuckets", items="Buckets", is_global=True),
        is_referred=True,
        reads=(Operation(service="toy", name="GetPolicy", params={"Bucket": "$.Name"}),),
    ),
    TypePlan(
        type="toy.key",
        listing=Operation(service="toy", name="ListKeys", items="Keys"),
        is_referred=True,
        reads=(Operation(service="toy", name="GetRotation", params={"Key": "$.Arn"}),),
    ),
)
TAGGING = Tagging(
    operation=Operation(service="toy", name="Tags", items="All"), filter_name="Kinds", key="Arn"
)
SCOPE = Scope(name="toy/1", account="1", home="here", regions=("here",), partition="toy")

WORLD: Mapping[str, Any] = {
    "ListModels": {"Models": [{"Arn": "m:a", "Name": "a"}, {"Arn": "m:b", "Name": "b"}]},
    "DescribeModel a": {"Bucket": "wanted", "Isolated": True, "Parts": [{"Image": "i"}]},
    "DescribeModel b": {},
    "Search": {"Results": []},
    "Tags": {"All": [{"Arn": "m:a", "Tags": [{"Key": "Owner", "Value": "ada"}]}]},
    "ListVersions a": {"Versions": [{"Arn": "v:a1"}]},
    "ListVersions b": {"Versions": []},
    "ListBuckets": {"Buckets": [{"Name": "other"}, {"Name": "wanted"}]},
    "GetPolicy wanted": {"Policy": "p", "Key": "k:1"},
    "ListKeys": {"Keys": [{"Arn": "k:1"}, {"Arn": "k:2"}]},
    "GetRotation k:1": {"On": True},
}


class TableAsker:
    """Answers from a table; GapReason values refuse, the word GONE says that it is not there."""

    def __init__(self, world: Mapping[str, Any], in_flight: int = 1) -> None:
        self.in_flight = in_flight
        self.asked: list[str] = []
        self._world, self._lock = world, threading.Lock()

    def ask(self, request: Request) -> CallResult | Gap:
        """CallResult, and write down what was asked."""
        params = {k: v for k, v in request.params.items() if k != "Kinds"}
        label = " ".join([request.operation.name, *map(str, params.values())])
        with self._lock:
            self.asked.append(label)
        answer = self._world.get(f"{request.scope} {label}", self._world.get(label))
        if isinstance(answer, GapReason):
            return gap_for(request, answer, right=request.operation.right)
        if answer == "GONE":
            return gap_for(request, GapReason.UNSUPPORTED, detail=VANISHED)
        copy = msgspec.json.decode(msgspec.json.encode(answer))
        return CallResult(document=copy, call=label)


def load_small(folder: Path) -> Vocabulary:
    """Write and load the vocabulary."""
    (folder / "toy.yaml").write_text(VOCABULARY, "utf-8")
    return load_vocabulary(folder)


def walk_small(
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    in_flight: int = 1,
    scopes: tuple[Scope, ...] = (SCOPE,),
) -> tuple[Inventory, TableAsker]:
    """Walk the world with some answers changed; what begins with a scope's name is its alone."""
    asker = TableAsker({**WORLD, **(changes or {})}, in_flight)
    settings = WalkSettings(
        plans=PLANS,
        shapes={},
        tagging=TAGGING,
        began_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    )
    return walk(asker, load_small(folder), scopes, settings), asker
