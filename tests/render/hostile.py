"""An assessment in which every string that can come from outside is an attack."""

from __future__ import annotations

import msgspec
import samples

from mlsec.core.assessment import Assessment, WaiverState
from mlsec.core.coverage import LeftOut, TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint, make_gap
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import (
    AppliedWaiver,
    AttackPath,
    Evidence,
    Finding,
    PathEdge,
    PathNode,
    Subject,
)
from mlsec.core.resource import Gap

NAMES = (
    "</script><script>window.__xss=1;alert(1)</script>",
    '"><img src=x onerror="window.__xss=1">',
    "<svg/onload=window.__xss=1>",
    "</title></style></textarea><script>window.__xss=1</script>",
    "javascript:window.__xss=1",
    "[click](javascript:window.__xss=1)",
    "![pixel](https://evil.example/p.png)",
    "[text](3) and {0} and {{1}}",
    '=HYPERLINK("https://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "repo:tag",
    "a:b",
    "%zz%00%",
    "../../../../etc/passwd",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "abc\u202egnp.exe\u2066\u200b\ufeff",
    "nul\x00in the middle\r\nand a new line",
    "lone \ud800 surrogate \udfff",
    "n" * 10_000,
    "`$(touch /x)`; rm -rf ~",
    'it\'s "quoted" \\ back',
    "| table | cell | ```fence``` | ~~~",
    "<!-- --> ]]> <![CDATA[ <!DOCTYPE html>",
    "@everyone #1 https://evil.example/?q=1 www.evil.example",
    "{{ config.items() }} {% raw %} ${7*7}",
    "",
    " ",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "https://user:" + "hunter22@host/",
    "?X-Amz-Signature=" + "0123456789abcdef0123",
    "ελληνικά 日本語 🦜",
)
NODES = 3


def _subject(name: str, number: int) -> Subject:
    return Subject(
        id=f"arn:aws:sagemaker:eu-west-1:1:endpoint/{number}/{name}",
        type=f"aws.{name}",
        provider=name,
        scope=samples.SCOPE if number % 3 else f"aws/{name}",
        region=name,
        name=name,
        file=name if number % 2 else "",
        line=number,
        owner=name,
    )


def _finding(name: str, number: int, status: Status, gap: Gap | None) -> Finding:
    rule = sorted(samples.RULES)[number % len(samples.RULES)]
    summary = samples.RULES[rule]
    subject = _subject(name, number)
    evidence = Evidence(
        path=name,
        operator=name or "eq",
        expected={name: [name, None, 1.5]},
        actual=name,
        is_unread=status is Status.NOT_ASSESSED,
        resource=f"other/{name}",
        source=name,
    )
    path = AttackPath(
        nodes=tuple(
            PathNode(id=f"{n}/{name}", type=name, name=name, note=name) for n in range(NODES)
        ),
        edges=tuple(PathEdge(source=n, target=n + 1, relation=name) for n in range(NODES - 1)),
    )
    waiver = AppliedWaiver(id=name, reason=name, owner=name, expires=name, ticket=name)
    return Finding(
        fingerprint=fingerprint(rule, subject.id, status.value),
        rule=rule,
        status=status,
        severity=summary.severity,
        category=summary.category,
        concern=summary.concern,
        resource=subject,
        message=f"{name} is bad. {name}",
        evidence=(evidence, msgspec.structs.replace(evidence, operator="in", expected=[name])),
        gaps=(gap.id,) if gap else (),
        waiver=waiver if number % 5 == 4 and status is Status.FAIL else None,
        path=path if number % 2 else None,
    )


def hostile() -> Assessment:
    """Every field hostile, every name in turn."""
    findings, gaps, coverage, waivers = [], [], [], []
    for number, name in enumerate(NAMES):
        gap = make_gap(
            scope=samples.SCOPE,
            subject=name,
            wanted=name,
            reason=list(GapReason)[number % len(GapReason)],
            missing_right=name,
            detail=name,
        )
        gaps.append(gap)
        findings.append(_finding(name, number, Status.FAIL, None))
        findings.append(_finding(name, number, Status.NOT_ASSESSED, gap))
        coverage.append(
            TypeCoverage(
                type=f"aws.{name}",
                scope=samples.SCOPE,
                region=name,
                enumerated=3,
                assessed=1,
                excluded=1,
                errored=1,
                excluded_because=name,
                left_out=(LeftOut(because=name, names=(name,)),),
                is_complete=bool(number % 2),
                gaps=(gap.id,),
            )
        )
        waivers.append(
            WaiverState(
                id=name,
                rule=name,
                resource=name,
                reason=name,
                owner=name,
                expires=name,
                state=("used", "unused", "expired")[number % 3],
                ticket=name,
            )
        )
    base = samples.rich()
    scan = msgspec.structs.replace(
        base.scan,
        targets=NAMES,
        principal=NAMES[0],
        host=NAMES[1],
        command=" ".join(NAMES),
        operations={f"s:{name}": 1 for name in NAMES},
        settings={name: name for name in NAMES},
        parameters={name: [name] for name in NAMES},
    )
    return msgspec.structs.replace(
        base,
        scan=scan,
        findings=tuple(findings),
        gaps=tuple({gap.id: gap for gap in gaps}.values()),
        coverage=coverage_of(coverage),
        waivers=tuple(waivers),
        passed=dict.fromkeys(samples.RULES, NAMES),
        notices=NAMES,
    )
