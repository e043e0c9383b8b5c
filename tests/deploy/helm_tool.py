"""Renders the chart with Helm's engine and validates it; run by the Python of ``make helm``.

Takes a JSON list of values on stdin; gives a JSON list of ``{manifests}`` or ``{error}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import helm_python  # type: ignore[import-not-found]
import kubernetes_validate  # type: ignore[import-not-found]
import yaml

# The oldest that Chart.yaml admits, and the newest that has published schemas here.
VERSIONS = ("1.31", "1.37")


def rendered(chart: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Render with these values, and validate each manifest against both versions."""
    try:
        chart.validate_schema(values)
        texts = chart.render(values, name="mlsec", namespace="mlsec")
    except helm_python.HelmError as error:
        return {"error": str(error)}
    manifests = [
        manifest
        for name, text in sorted(texts.items())
        if name.endswith(".yaml")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]
    # KEDA's kinds are not of Kubernetes: it publishes no schema for them there.
    for manifest in manifests:
        if manifest["apiVersion"].startswith("keda.sh/"):
            continue
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)
    return {"manifests": manifests, "notes": texts["mlsec/templates/NOTES.txt"]}


def main(folder: str) -> None:
    """Render all; a manifest that is not valid ends with its error."""
    given = json.load(sys.stdin)
    with helm_python.Chart.load(folder) as chart:
        answers = [rendered(chart, values) for values in given]
    lint = helm_python.lint(folder, given[0], strict=True)
    json.dump({"answers": answers, "lint": lint}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
