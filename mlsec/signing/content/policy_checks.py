"""Checks of the policy's conditions on a signed model: its name, version and age."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.signing.content.task import VerificationTask
from mlsec.signing.trust.lock_file import locked_digest
from mlsec.signing.trust.policy import ModelRule
from mlsec.signing.verdicts.verdict import Check, TrustedTime, failed, passed, time_text

_OTHER_MODEL = "it is another model of the same signer, or the policy has a wrong name"
_OTHER_VERSION = "pin the new digest if this version is meant"
_NEW_VERSION = "remove its entry from the lock file if the change is meant"


def policy_checks(task: VerificationTask, root_digest: str, name: str) -> list[Check]:
    """Compare the root digest and the signed name ("" without one) with the policy's entry.

    Raises:
        MlsecError: the lock file cannot be read.
    """
    rule = task.rule
    compared = [
        ("policy/name", "the model's name", rule.name, name, _OTHER_MODEL),
        ("policy/root-digest", "the pinned digest", rule.root_digest, root_digest, _OTHER_VERSION),
    ]
    if rule.lock is not None:
        first = locked_digest(rule.lock, task.lock_key) or root_digest
        what = "the version of the first use"
        compared.append(("policy/lock", what, first, root_digest, _NEW_VERSION))
    checks = [_compare(*comparison) for comparison in compared if comparison[2]]
    if root_digest in task.policy.denied_root_digests:
        what, fix = "this version is on the deny list", "use another version"
        checks.append(failed("policy/not-denied", what, actual=root_digest, fix=fix))
    return checks


def _compare(check_id: str, what: str, expected: str, actual: str, fix: str) -> Check:
    if actual == expected:
        return passed(check_id, f"{what} is the policy's", expected=expected)
    return failed(
        check_id, f"{what} is not the policy's", expected=expected, actual=actual, fix=fix
    )


def age_check(rule: ModelRule, times: Sequence[TrustedTime]) -> list[Check]:
    """Check the rollback floor; only a time that somebody trusted vouches for counts."""
    floor = rule.signed_after
    if floor is None:
        return []
    check_id, expected = "policy/signed-after", f"after {time_text(floor)}"
    if not times:
        what = "no trusted source says when it was signed"
        fix = "have the signature timestamped by an authority listed under tsa"
        return [failed(check_id, what, expected=expected, fix=fix)]
    at = min(time.at for time in times)
    if at >= floor:
        return [passed(check_id, "it was signed late enough", expected=expected, actual=f"{at}")]
    what = "it was signed too early, so it is an older version"
    return [
        failed(check_id, what, expected=expected, actual=time_text(at), fix="use a newer version")
    ]
