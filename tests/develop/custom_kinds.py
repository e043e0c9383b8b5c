"""Write the kinds that hold a pod template: ``python -m tests.develop.custom_kinds FOLDER...``.

Each FOLDER holds JSON Schemas as ``GROUP/KIND_VERSION.json``, as github.com/datreeio/CRDs-catalog
keeps them, or the custom resource definitions of an operator in YAML. ``--date`` is the day of the
newest of them. A pod template is a list of containers that have names and images.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mlsec.providers.kubernetes.workloads.kinds import plural_of

OUT = Path(__file__).parents[2] / "mlsec/providers/kubernetes/facts/pod_templates.txt"
_HEAD = """\
# The custom kinds whose schema holds a pod template, as of {date}: a line with the group and
# the plurals. Written by tests/develop/custom_kinds.py from the schemas of datreeio/CRDs-catalog
# and from the definitions that operators of machine learning publish.
"""
# They hold containers and make no pods of them in their cluster.
_NO_PODS = frozenset({
    ("argoproj.io", "workflowtasksets"), ("kueue.x-k8s.io", "workloads"),
    ("kubescape.io", "seccompprofiles"), ("datadoghq.com", "datadogpodautoscalers"),
    ("gravitee.io", "gatewayclassparameterses"), ("apps.kruise.io", "containerrecreaterequests"),
    ("serving.knative.dev", "revisions"),
    ("customize.core.cnrm.cloud.google.com", "controllerresources"),
    ("customize.core.cnrm.cloud.google.com", "namespacedcontrollerresources"),
})  # fmt: skip
# Their containers run in a cloud and not in the cluster.
_ELSEWHERE = ("azure.com", "services.k8s.aws", "run.cnrm.cloud.google.com")


def holds_pods(schema: Any) -> bool:
    """Whether a list of containers is anywhere in a schema, apart from the status."""
    if isinstance(schema, list):
        return any(holds_pods(each) for each in schema)
    if not isinstance(schema, dict):
        return False
    parts = schema.get("properties")
    if isinstance(parts, dict):
        containers = parts.get("containers")
        items = containers.get("items") if isinstance(containers, dict) else None
        of_one = items.get("properties") if isinstance(items, dict) else None
        if isinstance(of_one, dict) and {"name", "image"} <= of_one.keys():
            return True
    return any(holds_pods(each) for key, each in schema.items() if key != "status")


def read_schemas(folder: Path) -> Iterator[tuple[str, str]]:
    """Give group and plural of the kinds of a catalogue that hold a pod template."""
    for path in sorted(folder.glob("*/*.json")):
        group = path.parent.name
        if "." in group and holds_pods(json.loads(path.read_text("utf-8"))):
            yield group, plural_of(path.stem.rpartition("_")[0])


def read_definitions(folder: Path) -> Iterator[tuple[str, str]]:
    """Give group and plural of the definitions that hold a pod template."""
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        text = path.read_text("utf-8", "replace")
        if "CustomResourceDefinition" not in text:
            continue
        try:
            documents = list(yaml.load_all(text, yaml.CSafeLoader))
        except yaml.YAMLError:
            continue
        for one in documents:
            spec = one.get("spec") if isinstance(one, dict) else None
            if isinstance(spec, dict) and "names" in spec and holds_pods(spec):
                yield spec["group"], spec["names"]["plural"]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--date", required=True)
    asked = parser.parse_args()
    found: dict[str, set[str]] = {}
    for folder in asked.folder:
        for group, plural in (*read_schemas(folder), *read_definitions(folder)):
            if (group, plural) not in _NO_PODS and not group.endswith(_ELSEWHERE):
                found.setdefault(group, set()).add(plural)
    lines = [f"{group} {' '.join(sorted(found[group]))}" for group in sorted(found)]
    OUT.write_text(_HEAD.format(date=asked.date) + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
