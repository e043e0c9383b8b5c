"""results.junit.xml: each check as a test case, for the test view of a CI server."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from mlsec.core.assessment import Assessment
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.display import masked, shown, shown_id
from mlsec.render.exports.rows import observed, reasons_of, status_word
from mlsec.render.settings import DEFAULT, RenderSettings

# XML 1.0 has no place for these, not even as references.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render_junit(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write a suite per rule, and in it a case per resource.

    A failure is ``failure``, an accepted exception ``skipped``. What could not be assessed is
    ``error``, which CI servers never show as passed; so is the suite ``mlsec`` when the scan is
    incomplete.
    """
    del settings
    yield from map(masked, _document(assessment))


def _document(assessment: Assessment) -> Iterator[bytes]:
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in tally.sorted_findings(assessment):
        by_rule[finding.rule].append(finding)
    gaps = {gap.id: gap for gap in assessment.gaps}
    titles = {rule.id: rule.title for rule in assessment.rules}
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="mlsec">\n'
    yield _scan_suite(assessment)
    for rule in sorted({*by_rule, *assessment.passed}):
        passed = assessment.passed.get(rule, ())
        yield _suite(rule, titles.get(rule, ""), by_rule[rule], passed, gaps)
    yield b"</testsuites>\n"


def _suite(
    rule: str, title: str, findings: list[Finding], passed: tuple[str, ...], gaps: dict[str, Gap]
) -> bytes:
    name = shown(rule)
    cases = [_case(name, finding, gaps) for finding in findings]
    cases += [f"<testcase classname={_quoted(name)} name={_quoted(item)}/>" for item in passed]
    words = [status_word(finding) for finding in findings]
    head = (
        f"<testsuite name={_quoted(f'{name}: {shown(title)}' if title else name)}"
        f' tests="{len(cases)}" failures="{words.count("fail")}"'
        f' errors="{words.count("not assessed")}" skipped="{words.count("waived")}">'
    )
    return "\n".join([head, *cases, "</testsuite>\n"]).encode("utf-8")


def _case(rule: str, finding: Finding, gaps: dict[str, Gap]) -> str:
    subject = finding.resource
    place = ""
    if subject.file:
        line = f' line="{subject.line}"' if subject.line else ""
        place = f" file={_quoted(subject.file)}{line}"
    head = f"<testcase classname={_quoted(rule)} name={_quoted(shown_id(subject.id))}{place}>"
    return f"{head}{_outcome(finding, gaps)}</testcase>"


def _outcome(finding: Finding, gaps: dict[str, Gap]) -> str:
    message = shown(finding.message or finding.rule, 500)
    match status_word(finding):
        case "not assessed":
            why = reasons_of(finding, gaps)
            text = f"not assessed{f' ({why})' if why else ''}"
            return f'<error message={_quoted(text)} type="not assessed"/>'
        case "waived" if finding.waiver is not None:
            waiver = finding.waiver
            text = (
                f"waived until {shown(waiver.expires, 20)} by {shown(waiver.owner, 80)}: {message}"
            )
            return f"<skipped message={_quoted(text)}/>"
        case _:
            kind = finding.severity.value
            facts = escape(_plain(observed(finding)))
            return f'<failure message={_quoted(message)} type="{kind}">{facts}</failure>'


def _scan_suite(assessment: Assessment) -> bytes:
    """One case that says whether everything that was asked for was read."""
    is_complete = tally.is_complete(assessment, tally.count(assessment))
    line = tally.summary_line(assessment)
    inner = "" if is_complete else f'<error message={_quoted(line)} type="incomplete"/>'
    notes = "\n".join(shown(remark, 500) for remark in assessment.remarks if remark.strip())
    output = f"<system-out>{escape(_plain(notes))}</system-out>" if notes else ""
    return (
        f'<testsuite name="mlsec" tests="1" failures="0" errors="{int(not is_complete)}"'
        f' skipped="0">\n<testcase classname="mlsec" name="the scan is complete">{inner}</testcase>'
        f"{output}\n</testsuite>\n"
    ).encode()


def _quoted(text: str) -> str:
    return quoteattr(_plain(" ".join(text.split())))


def _plain(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
