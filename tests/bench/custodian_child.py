"""Runs in Cloud Custodian's own environment: its filters over decoded resources, timed.

Usage: custodian_child.py FILTERS.json RESOURCES.ndjson ROUNDS MODE (``time`` or ``verdicts``).
"""

import json
import logging
import sys
import time
from pathlib import Path

from c7n.config import Config
from c7n.policy import PolicyCollection
from c7n.resources import load_resources
from c7n.version import version


def main() -> None:
    """Print {"seconds": [...], "failed": {rule: [ids]}, "version": ...} as JSON."""
    filters = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    rounds, mode = int(sys.argv[3]), sys.argv[4]
    groups: dict[str, list[dict]] = {}
    with Path(sys.argv[2]).open("rb") as file:
        for line in file:
            whole = json.loads(line)
            one = {**whole["properties"], "EndpointArn": whole["id"]}
            groups.setdefault(whole["type"].removeprefix("made."), []).append(one)
    managers = _managers(filters)
    seconds = []
    failed: dict[str, list[str]] = {}
    for _ in range(rounds):
        started = time.process_time()
        for kind, resources in groups.items():
            for rule, manager in managers.items():
                found = manager.filter_resources(resources)
                if mode == "verdicts":
                    failed[f"{kind}/{rule}"] = sorted(one["EndpointArn"] for one in found)
        seconds.append(time.process_time() - started)
    print(json.dumps({"seconds": seconds, "failed": failed, "version": version}))  # noqa: T201


def _managers(filters: dict[str, list[dict]]) -> dict:
    logging.disable(logging.CRITICAL)
    load_resources(("aws.sagemaker-endpoint",))
    data = {
        "policies": [
            {"name": rule, "resource": "aws.sagemaker-endpoint", "filters": parts}
            for rule, parts in filters.items()
        ]
    }
    options = Config.empty(region="eu-west-1", account_id="111122223333", cache_period=0)
    found = {}
    for policy in PolicyCollection.from_data(data, options):
        policy.validate()
        found[policy.name] = policy.resource_manager
    return found


if __name__ == "__main__":
    main()
