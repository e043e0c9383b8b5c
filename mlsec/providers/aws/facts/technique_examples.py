"""The short form of an example of an AWS technique: what is allowed, and who else there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.providers.aws.facts.technique_targets import WORKLOADS
from mlsec.providers.aws.shapes.policy_document import ShapeError, read_policy

EXAMPLE_KEYS = ("self", "allow", "deny", "conditions", "policies", "groups", "boundary", "admins",
                "others", "attached", "things")  # fmt: skip
_ACCOUNT = "111122223333"
_ADMINISTRATOR = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
Documents = dict[str, dict[str, Any]]


def spell_out(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Give the resources of an example by name; ``self`` is the identity that is asked about.

    ``allow`` and ``deny`` map actions (several with spaces between) to resources, in full or
    without what comes before the name (``role/admin``). ``conditions`` are those of each Allow.
    ``admins`` and ``others`` map identities (``role/admin``) with every right, or none, to whom
    they trust, and ``attached`` maps them to policies of the account. ``things`` map what runs code
    (``function/train``) to its role. ``policies`` and ``groups`` are those of ``self``, and
    ``boundary`` limits it.

    Raises:
        ValueError: what has another form.
    """
    own = str(raw.get("self", "role/me"))
    documents: Documents = {"self": _identity(own, _statements(raw), ())}
    if raw.get("boundary"):
        arn = _arn("iam", str(raw["boundary"]))
        documents["self"]["boundary_arn"] = arn
        documents["boundary"] = {
            "type": "aws.iam.policy",
            "id": arn,
            "statements": _normal([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]),
        }
    for name in raw.get("groups", ()):
        documents[f"group/{name}"] = _identity(f"group/{name}", [], ())
        documents["self"].setdefault("groups", []).append(name)
    for kind, statements in (("admins", _ADMINISTRATOR), ("others", [])):
        for name, trusted in (raw.get(kind) or {}).items():
            documents[name] = _identity(name, statements, _listed(trusted))
    attached = {"self": raw.get("policies", ()), **(raw.get("attached") or {})}
    for owner, policies in attached.items():
        for policy in _listed(policies):
            arn = _arn("iam", policy)
            documents[policy] = {"type": "aws.iam.policy", "id": arn, "statements": []}
            listed = documents[owner].setdefault("attached_policies", [])
            listed.append({"name": policy, "arn": arn})
    for name, role in (raw.get("things") or {}).items():
        documents |= _thing(name, str(role))
    return documents


def _identity(
    name: str, statements: list[dict[str, Any]], trusted: Iterable[str]
) -> dict[str, Any]:
    kind = name.partition("/")[0]
    if kind not in ("role", "user", "group"):
        raise ValueError(f'"{name}" is not role/NAME, user/NAME or group/NAME')
    identity: dict[str, Any] = {
        "type": f"aws.iam.{kind}",
        "id": _arn("iam", name),
        "name": name.rpartition("/")[2],
        "inline_statements": [
            {"policy": "inline", **statement} for statement in _normal(statements)
        ],
    }
    if kind == "role":
        identity["trust"] = _normal([_trust(principal) for principal in trusted])
    return identity


def _trust(principal: str) -> dict[str, Any]:
    if principal.endswith(".amazonaws.com"):
        who = {"Service": principal}
    else:
        who = {"AWS": principal if principal in ("*", _ACCOUNT) else _arn("iam", principal)}
    return {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}


def _statements(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    statements = []
    for effect in ("allow", "deny"):
        for actions, resources in (raw.get(effect) or {}).items():
            names = str(actions).split()
            service = names[0].partition(":")[0] if names else ""
            statement: dict[str, Any] = {
                "Effect": effect.title(),
                "Action": names,
                "Resource": [_arn(service, resource) for resource in _listed(resources)],
            }
            if effect == "allow" and raw.get("conditions"):
                statement["Condition"] = raw["conditions"]
            statements.append(statement)
    return statements


def _normal(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        return read_policy({"Statement": statements}) or []
    except ShapeError as error:
        raise ValueError(str(error)) from None


def _thing(name: str, role: str) -> Documents:
    kind, _, own = name.partition("/")
    workload = WORKLOADS.get(kind)
    if workload is None or not workload.type:
        raise ValueError(f'"{kind}" is no kind of thing that is read')
    arn = workload.arn.replace("{p}", "aws").replace("{a}", _ACCOUNT)
    before, after = arn.replace("@", "eu-west-1", 1).rsplit("@", 1)
    thing = {"type": workload.type, "id": f"{before}{own}{after}", "name": own}
    runs_as = _arn("iam", role)
    if kind == "space":
        domain = {"type": "aws.sagemaker.domain", "id": "domain", "domain_id": "d-1"}
        return {name: {**thing, "domain_id": "d-1"}, "domain": {**domain, "space_role": runs_as}}
    key = "execution_role" if workload.service == "sagemaker" else "role_arn"
    return {name: {**thing, key: runs_as}}


def _arn(service: str, text: str) -> str:
    if text == "*" or text.startswith("arn:"):
        return text
    if service in ("iam", "sts"):
        return f"arn:aws:iam::{_ACCOUNT}:{text}"
    return f"arn:aws:{service}:eu-west-1:{_ACCOUNT}:{text}"


def _listed(raw: Any) -> list[str]:
    return [str(item) for item in raw] if isinstance(raw, list | tuple) else [str(raw)]
