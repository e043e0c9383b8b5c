"""The evaluator and an independent simulator asked the same: who is wrong, and how.

``python -m tests.providers.aws.policy.comparison --seed 1 --policies 3000`` is the large run.
"""

from __future__ import annotations

import argparse
import collections
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.enums import Truth
from mlsec.providers.aws.facts.identity_callers import caller_of
from mlsec.providers.aws.facts.managed_policies import lines_of, names, raw_document
from mlsec.providers.aws.facts.pages import Pages
from mlsec.providers.aws.facts.permissions import Identity
from mlsec.providers.aws.facts.policy_statements import Question
from mlsec.providers.aws.policy.document import Document as Compiled
from mlsec.providers.aws.policy.document import read_document
from mlsec.providers.aws.policy.patterns import ANY
from mlsec.providers.aws.shapes.policy_document import read_policy
from tests.providers.aws.facts.policies import ACCOUNT, role
from tests.providers.aws.policy.generated import (
    Document,
    crossed,
    random_control,
    random_document,
)
from tests.providers.aws.policy.simulator import (
    UNNAMED,
    conditions_of,
    contexts,
    near_values,
    relevant,
    simulate,
)

_ROLE = role()
_S3, _IAM = "arn:aws:s3:::", f"arn:aws:iam::{ACCOUNT}:"
_USER = f"AROA{UNNAMED}:{UNNAMED}"
# ``@``: a name that no policy knows; ``*``: some part of a name.
ASKED = (
    ("s3:GetObject", f"{_S3}@/@"), ("s3:PutObject", f"{_S3}@/@"),
    ("s3:GetObject", f"{_S3}data/*"), ("s3:PutObject", f"{_S3}data/*"),
    ("s3:DeleteObject", f"{_S3}data/*"), ("s3:ListBucket", f"{_S3}data"),
    ("s3:PutBucketPolicy", f"{_S3}data"), ("iam:PassRole", f"{_IAM}role/@"),
    ("iam:PassRole", f"{_IAM}role/*"), ("iam:PutRolePolicy", f"{_IAM}role/runner"),
    ("iam:PutRolePolicy", f"{_IAM}role/@"), ("iam:CreatePolicyVersion", f"{_IAM}policy/@"),
    ("iam:AttachUserPolicy", f"{_IAM}user/@"), ("iam:CreateAccessKey", f"{_IAM}user/@"),
    ("iam:UpdateAssumeRolePolicy", f"{_IAM}role/*"), ("sts:AssumeRole", f"{_IAM}role/@"),
    ("lambda:InvokeFunction", f"arn:aws:lambda:*:{ACCOUNT}:function:@"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:*:{ACCOUNT}:function:*"),
    ("kms:Decrypt", f"arn:aws:kms:*:{ACCOUNT}:key/@"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:@"),
    ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/@"),
    ("sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:*:{ACCOUNT}:training-job/@"),
    ("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:*:{ACCOUNT}:endpoint/@"),
    ("logs:DeleteLogGroup", f"arn:aws:logs:*:{ACCOUNT}:log-group:@"),
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/@"),
)  # fmt: skip
_FIXED: Mapping[str, Sequence[Any]] = {
    "aws:principalarn": [_ROLE.id], "aws:principalaccount": [ACCOUNT],
    "kms:calleraccount": [ACCOUNT], "aws:principalisawsservice": ["false"],
    "aws:principalservicename": [None], "aws:principalservicenameslist": [None],
    "aws:principaltype": ["AssumedRole"], "aws:username": [None],
    "aws:userid": [_USER],
}  # fmt: skip


# A key listens to the policies of identities only where its own policy says so.
_KEY_POLICY: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


_FREE: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Policies that are asked about: an identity's, a boundary's and those of the levels above."""

    name: str
    identity: tuple[Document, ...]
    boundary: Document | None = None
    above: tuple[tuple[Document, ...], ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents."""
        boundary = [self.boundary] if self.boundary else []
        return (*self.identity, *boundary, *(each for level in self.above for each in level))


class Counts(msgspec.Struct, kw_only=True):
    """What came out, with some examples of each difference."""

    agree: int = 0
    false_calm: int = 0
    false_alarm: int = 0
    unknown: int = 0
    unheard: int = 0
    examples: dict[str, list[str]] = msgspec.field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many facts were compared."""
        return self.agree + self.false_calm + self.false_alarm + self.unknown


def compiled(document: Document) -> Compiled:
    """Compile a document as the product reads it."""
    return read_document(read_policy(dict(document)) or ())


def compare(subjects: Iterable[Subject]) -> Counts:
    """Ask both about every question for each subject."""
    batch = list(subjects)
    asked = [(s, action, resource) for s in batch for action, resource in ASKED]
    requests = [list(_requests(*each)) for each in asked]
    answers = iter(simulate([request for each in requests for request in each]))
    counts = Counts()
    judged: dict[str, Identity] = {}
    for (subject, action, resource), mine in zip(asked, requests, strict=True):
        theirs = [next(answers) for _ in mine]
        identity = judged.setdefault(subject.name, _identity(subject))
        ours = identity.may(Question(action=action.lower(), resource=resource.replace("@", ANY)))
        _count(counts, f"{subject.name}: {action} {resource}", ours.truth, theirs)
    return counts


def _count(counts: Counts, name: str, ours: Truth, theirs: list[Any]) -> None:
    # Many contexts beyond the limit, or a request that the simulator does not take.
    if all(isinstance(each, str) for each in theirs):
        counts.unheard += 1
        counts.examples.setdefault("unheard", []).append(f"{name} {theirs[:1]}")
        return
    is_allowed = any(isinstance(each, int) and each >= 0 for each in theirs)
    if ours is Truth.UNKNOWN:
        kind = "unknown"
    elif is_allowed == (ours is Truth.TRUE):
        counts.agree += 1
        return
    else:
        kind = "false_calm" if is_allowed else "false_alarm"
    setattr(counts, kind, getattr(counts, kind) + 1)
    counts.examples.setdefault(kind, []).append(name)


def _identity(subject: Subject) -> Identity:
    boundary = subject.boundary
    return Identity(
        account=ACCOUNT,
        partition="aws",
        caller=caller_of(_ROLE),
        policies=Pages(documents=tuple(compiled(document) for document in subject.identity)),
        boundary=None if boundary is None else Pages(documents=(compiled(boundary),)),
        above=tuple(
            Pages(documents=tuple(compiled(document) for document in level))
            for level in subject.above
        ),
    )


def _requests(subject: Subject, action: str, resource: str) -> Iterator[Mapping[str, Any]]:
    speaking = relevant(subject.documents, action)
    for name in _names(speaking, resource):
        parts = name.split(":", 5)
        fixed = dict(_FIXED)
        if parts[3]:
            fixed["aws:requestedregion"] = [parts[3]]
        if parts[4]:
            fixed |= {"aws:resourceaccount": [parts[4]], "s3:resourceaccount": [parts[4]]}
        yield {
            "principal": _ROLE.id,
            "account": ACCOUNT,
            "action": action,
            "resource": name,
            "identity": subject.identity,
            "boundary": [subject.boundary] if subject.boundary else None,
            "scps": subject.above,
            "resourcePolicy": _KEY_POLICY if action.startswith("kms:") else None,
            "contexts": contexts(speaking, fixed),
        }


def _names(documents: Sequence[Document], asked: str) -> list[str]:
    """Give concrete names for what is asked about."""
    asked = asked.replace("@", UNNAMED)
    if "*" not in asked:
        return [asked]
    text = str(documents).replace("${aws:userid}", _USER).replace("::*:", f"::{ACCOUNT}:")
    head, _, tail = asked.partition(":*:")
    said = (
        near
        for operator, key, value in conditions_of(documents)
        if key.lower() == "aws:requestedregion"
        for near in near_values(operator, value)
    )
    regions = [UNNAMED, *sorted({*re.findall(r"[a-z]{2}-[a-z]+-\d", text), *said})]
    names_ = [f"{head}:{region}:{tail}" for region in regions] if tail else [asked]
    patterns = {
        re.sub(r"\$\{[^}]*\}|\*", UNNAMED, p).replace("?", "q")
        for p in re.findall(r"arn:[^'\"]+", text)
    }
    found = [name.replace("*", UNNAMED) for name in names_]
    for name in names_:
        if "*" in name:
            # Where a variable stands behind a wildcard, the rest of the name is the caller's id.
            found.append(name.replace("*", f"{_USER}/{UNNAMED}"))
            shape = re.compile(re.escape(name).replace(r"\*", ".*"))
            found += sorted(p for p in patterns if shape.fullmatch(p))
    return found


def crossings(dice: random.Random, count: int) -> list[Subject]:
    """Choose crossings of operator and key, in an identity's policy and in a boundary."""
    everything = [*crossed()]
    made = [
        Subject(name=f"identity {name}", identity=(document,)) for name, document in everything
    ] + [
        Subject(name=f"boundary {name}", identity=(_FREE,), boundary=document)
        for name, document in everything
    ]
    return dice.sample(made, min(count, len(made)))


def randoms(dice: random.Random, count: int, *, exotic: bool) -> list[Subject]:
    """Make identities with one or two documents, a third of them with a boundary."""
    return [
        Subject(
            name=f"random {at}",
            identity=tuple(random_document(dice, exotic=exotic) for _ in range(dice.randint(1, 2))),
            boundary=random_document(dice, exotic=exotic) if dice.random() < 0.3 else None,
        )
        for at in range(count)
    ]


def below_organisations(dice: random.Random, count: int) -> list[Subject]:
    """Make identities below one to three levels, which mostly allow all and deny something."""
    return [
        Subject(
            name=f"random {at}",
            identity=(random_document(dice, exotic=False),),
            boundary=random_document(dice, exotic=False) if dice.random() < 0.1 else None,
            above=tuple(_level(dice) for _ in range(dice.choice((1, 2, 3)))),
        )
        for at in range(count)
    ]


def _level(dice: random.Random) -> tuple[Document, ...]:
    own = [random_control(dice) for _ in range(dice.choice((0, 1, 1)))]
    return (*([_FREE] if dice.random() < 0.8 or not own else []), *own)


def managed(dice: random.Random, count: int) -> list[Subject]:
    """Choose policies that AWS manages."""
    every = names()
    return [
        Subject(name=name, identity=(raw_document(lines_of(name) or []),))
        for name in dice.sample(every, min(count, len(every)))
    ]


def main() -> None:
    """Run it by hand and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policies", type=int, default=1000)
    parser.add_argument("--kind", choices=("crossed", "usual", "exotic", "managed", "below"))
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--bodies", action="store_true", help="print the policies that differ")
    asked = parser.parse_args()
    dice = random.Random(asked.seed)  # noqa: S311 - reproducible, not secret
    subjects = {
        "crossed": lambda: crossings(dice, asked.policies),
        "usual": lambda: randoms(dice, asked.policies, exotic=False),
        "below": lambda: below_organisations(dice, asked.policies),
        "managed": lambda: managed(dice, asked.policies),
        "exotic": lambda: randoms(dice, asked.policies, exotic=True),
    }[asked.kind]()
    counts = compare(subjects)
    by_name = {subject.name: subject for subject in subjects}
    out = sys.stdout
    out.write(f"{asked.kind} seed {asked.seed}: {counts.total} facts, agree {counts.agree}, ")
    out.write(f"false calm {counts.false_calm}, false alarm {counts.false_alarm}, ")
    out.write(f"unknown {counts.unknown}, unheard {counts.unheard}\n")
    for kind, names_ in counts.examples.items():
        words = collections.Counter(name.split(": ")[0] for name in names_)
        for name, count in words.most_common(asked.show):
            subject = by_name[name]
            out.write(f"  {kind} {count:3} {name}\n")
            if asked.bodies:
                out.write(f"       {subject.documents}\n")
            if "random" in name or count < 3:
                first = next(each for each in names_ if each.startswith(name + ":"))
                out.write(f"       e.g. {first}\n")


if __name__ == "__main__":
    main()
