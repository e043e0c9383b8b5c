"""Write the generated files that are committed (``make docs``), or check them (``--check``).

The generated pages of the documentation site are not committed: docs/site makes them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from docs.operations import POLICY_FILES
from docs.repository import FILES, address, with_address
from docs.techniques import techniques_page
from mlsec.cli.config.schedules import CLOUDS, github_schedule, gitlab_schedule
from mlsec.cli.config.schema import config_schema
from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.schema import rule_schema
from mlsec.graph.techniques.schema import technique_schema
from mlsec.render.assessment_json import json_schema
from mlsec.targets.collectors import POLICIES
from mlsec.targets.techniques import WORDS
from mlsec.vocabulary.load import load_vocabulary

ROOT = Path(__file__).resolve().parents[1]
VOCABULARY = content_folder("rules") / "vocabulary"


def generated() -> Mapping[str, bytes]:
    """Give every generated file by its path in the repository."""
    files = {}
    for cloud, name in POLICY_FILES.items():
        files[name] = (POLICIES[cloud](is_organisation=False).rstrip() + "\n").encode()
    files["deploy/helm/mlsec/files/scan-role.yaml"] = files[POLICY_FILES["kubernetes"]]
    files["docs/assessment.schema.json"] = json_schema()
    files["docs/config.schema.json"] = config_schema()
    clouds = {cloud: cloud for cloud in CLOUDS}
    schedule = with_address(github_schedule((".",), clouds), address())
    files["docs/ci/github-schedule.yml"] = schedule.encode()
    files["docs/ci/gitlab-schedule.yml"] = gitlab_schedule((".",), clouds).encode()
    files["rules/schema/technique.schema.json"] = technique_schema(WORDS)
    files["docs/techniques.md"] = techniques_page().encode()
    for name in FILES:
        files[name] = with_address((ROOT / name).read_text("utf-8"), address()).encode()
    return files


def main(words: list[str]) -> int:
    """Write the files and the schema for editors, or with ``--check`` say which are stale."""
    stale = [
        name
        for name, content in generated().items()
        if not (ROOT / name).is_file() or (ROOT / name).read_bytes() != content
    ]
    if "--check" in words:
        for name in stale:
            sys.stderr.write(f"{name} is not in step: run make docs\n")
        return 1 if stale else 0
    ignored = {"rules/schema/rule.schema.json": rule_schema(load_vocabulary(VOCABULARY))}
    for name, content in {**generated(), **ignored}.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
