"""What many manifests of one folder have alike by a default is one finding on resilience."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mlsec.cli.main import main

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: models}
spec:
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: server, image: "vllm/vllm-openai:v0.9.0"}]}
"""


def write(folder: Path, numbers: Iterable[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        text = SERVER.replace("NAME", f"{folder.name}-{number}")
        (folder / f"{number}.yaml").write_text(text)


def test_one_default_of_a_folder_is_one_finding_and_security_stays_one_for_each(
    tmp_path: Path,
) -> None:
    for folder, count in (("made", 4), ("own", 2)):
        write(tmp_path / "code" / folder, range(count))
    rules = ("k8s-workload/single-replica", "k8s-pod/container-root-allowed")
    words = [word for rule in rules for word in ("--select", rule)]
    main(["scan", str(tmp_path / "code"), *words, "-q", "-o", str(tmp_path / "out")])
    document = json.loads((tmp_path / "out" / "assessment.json").read_text())
    single = [item for item in document["findings"] if item["rule"] == rules[0]]
    assert [len(item.get("stands_for", ())) for item in single] == [4, 0, 0]
    assert single[0]["message"] == "made-0: one replica (and so 3 others in made)"
    assert len(document["findings"]) == 3 + 6


def test_change_that_adds_one_more_is_shown_by_itself(tmp_path: Path) -> None:
    made = tmp_path / "made"
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com")
    write(made, range(4))
    for words in (("init", "-q"), ("add", "made"), ("commit", "-qm", "a")):
        subprocess.run([*git, *words], check=True)  # noqa: S603 - git, with words of our own
    write(made, (4,))
    words = ("--select", "k8s-workload/single-replica", "--changed-since", "HEAD", "-q")
    main(["scan", str(tmp_path), *words, "-o", str(tmp_path.parent / "changed")])
    document = json.loads((tmp_path.parent / "changed" / "assessment.json").read_text())
    assert [item["resource"]["name"] for item in document["findings"]] == ["made-4"]
