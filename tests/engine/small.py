"""A small vocabulary and rule texts that the engine's tests share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.rules.links_check import KnownControls
from mlsec.engine.rules.load import load_rules
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary

VOCABULARY = """
bucket:
  concept: true
  title: A place for objects
  properties:
    exposure.public: {type: bool}
    encryption.customer_key: {type: bool}
    governance.tags: {type: map}
    tags: {type: map}
  relations:
    key: {to: cloud.key}
cloud.bucket:
  is: bucket
  title: Cloud bucket
  properties:
    acl:
      type: enum [Private, PublicRead]
      from: {api: "GetAcl:Acl"}
      fulfils: exposure.public
      as: {Private: false, PublicRead: true}
    key_id:
      type: string
      from: {api: "GetKey:KeyId"}
      absent: null
      fulfils: encryption.customer_key
      as: {"null": false, "*": true}
    tags: {type: map, from: {api: "ListTags:Tags"}, absent: {}, fulfils: governance.tags}
    name: {type: string, from: {api: "ListBuckets:Name"}}
  relations:
    key: {to: cloud.key, by: key_id}
other.bucket:
  is: bucket
  title: Bucket of a cloud that offers no customer keys
  properties:
    exposure.public: {type: bool, from: {api: "Describe:Public"}}
    tags: {type: map, absent: {}, fulfils: governance.tags}
  relations: {}
  lacks: {encryption.customer_key: there is no such thing there, key: there are no keys}
cloud.key:
  title: Cloud key
  properties:
    rotates: {type: bool, from: {api: "GetRotation:Enabled"}}
    state: {type: "enum [Enabled, Disabled]", from: {api: "DescribeKey:State"}}
cloud.notebook:
  title: Notebook
  id: {api: "ListNotebooks:Arn"}
  properties:
    direct_internet:
      type: enum [Enabled, Disabled]
      from: {api: "DescribeNotebook:DirectInternet"}
      absent: Enabled
    status: {type: "enum [InService, Stopped, Deleting]", from: {api: "ListNotebooks:Status"}}
    volume_gb: {type: int, from: {api: "DescribeNotebook:VolumeSizeInGB"}, absent: 5}
    score: {type: float}
    is_shared: {type: bool, from: {api: "DescribeNotebook:Shared"}}
    name: {type: string}
    created: {type: date, from: {api: "ListNotebooks:Created"}}
    address: {type: string}
    version: {type: string}
    subnets: {type: list of string, from: {api: "DescribeNotebook:Net.Subnets"}, absent: []}
    tags: {type: map, from: {api: "ListTags:Tags"}, absent: {}}
    rules:
      type: list
      from: {api: "DescribeNotebook:Rules"}
      absent: []
      items:
        cidr: {type: string, from: {api: CidrIp}}
        from_port: {type: int, from: {api: FromPort}, absent: 0}
        to_port: {type: int, from: {api: ToPort}, absent: 65535}
        effect: {type: "enum [Allow, Deny]", from: {api: Effect}}
        harm: {type: "enum [critical, high, low]", from: {api: Harm}}
        actions: {type: list of string, absent: []}
  relations:
    role: {to: cloud.role, by: name}
    buckets: {to: bucket, by: subnets}
cloud.role:
  title: Role
  properties:
    is_admin: {type: bool, derived: permissions.is_admin}
    name: {type: string}
  relations:
    buckets: {to: cloud.bucket, by: name}
    keys: {to: cloud.key, by: name}
"""

BASE: Mapping[str, str] = {
    "title": "Title of the rule",
    "severity": "high",
    "category": "exposure",
    "concern": "security",
    "status": "stable",
    "since": '"0.1"',
    "resource": "cloud.notebook",
    "assert": "{is_shared: false}",
    "why": "Because of the attacker.",
    "fix": "{text: Mend it.}",
    "tests": (
        "{pass: [{is_shared: false}], fail: [{is_shared: true}], "
        "not_assessed: [{unread: [is_shared]}]}"
    ),
}


def small_vocabulary(folder: Path) -> Vocabulary:
    """Write the vocabulary below ``folder`` and load it."""
    place = folder / "vocabulary"
    place.mkdir(parents=True, exist_ok=True)
    (place / "small.yaml").write_text(dedent(VOCABULARY), "utf-8")
    return load_vocabulary(place)


def rule_text(rule_id: str = "thing/bad", **changes: str) -> str:
    """A whole rule as YAML, with some keys replaced ("must" stands for "assert")."""
    entries = {"id": rule_id, **BASE}
    for key, value in changes.items():
        entries["assert" if key == "must" else key] = value
    return "".join(f"{key}: {value}\n" for key, value in entries.items() if value)


def load_texts(folder: Path, *texts: str, known: KnownControls | None = None) -> RuleSet:
    """Write rule texts as files named by their ids, and load them with the small vocabulary."""
    vocabulary = small_vocabulary(folder)
    rules = folder / "rules"
    written: set[Path] = set()
    for n, text in enumerate(texts):
        rule_id = text.split("\n", 1)[0].removeprefix("id: ").strip()
        path = rules / f"{rule_id}.yaml"
        if path in written:
            path = rules / f"copy{n}" / f"{rule_id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.add(path)
    return load_rules((rules,), vocabulary, known)


def one_rule(folder: Path, **changes: str) -> tuple[Rule, Vocabulary]:
    """Load one rule made from the base with changes."""
    ruleset = load_texts(folder, rule_text(**changes))
    return ruleset.rules[0], ruleset.vocabulary
