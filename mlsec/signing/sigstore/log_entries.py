"""The transparency log's side of a bundle: each entry known, bound, included and promised."""

from __future__ import annotations

from functools import partial

from mlsec.signing.bundles.bundle import Bundle, LogEntry
from mlsec.signing.sigstore import inclusion as log_entry
from mlsec.signing.sigstore import log_keys
from mlsec.signing.sigstore.entry_binding import Signed, check_subjects
from mlsec.signing.sigstore.log_keys import LogKey
from mlsec.signing.sigstore.trusted_root import TrustedRoot
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import TimeSource, TrustedTime, failed

FIRST_VERSION = (0, 1)


def verify_entries(
    steps: Steps, bundle: Bundle, root: TrustedRoot, signed: Signed
) -> tuple[TrustedTime, ...]:
    """Verify every log entry, all of which must hold; give the moments their logs promised."""
    entries = bundle.material.log_entries
    if root.logs and not entries:
        steps.add(
            failed(
                "sigstore/log-entry",
                "the bundle has no transparency log entry, which this trusted root demands",
            )
        )
    times: list[TrustedTime] = []
    for entry in entries:
        log = steps.run(
            "sigstore/log-known",
            "the trusted root lists the log",
            partial(log_keys.find, root.logs, entry.log_id),
        )
        if log is not None:
            times.extend(_verify_entry(steps, entry, log, signed, bundle.version))
    return tuple(times)


def _verify_entry(
    steps: Steps, entry: LogEntry, log: LogKey, signed: Signed, version: tuple[int, int]
) -> tuple[TrustedTime, ...]:
    steps.run(
        "sigstore/log-entry",
        "the log entry records this signature, signer and content",
        partial(check_subjects, entry, signed),
    )
    # Version 0.1 lives by the log's promise, and may carry a proof that nobody signed.
    if version != FIRST_VERSION or (entry.proof is not None and entry.proof.checkpoint):
        steps.run(
            "sigstore/log-inclusion",
            "the log's signed checkpoint includes the entry",
            partial(log_entry.verify_inclusion, entry, log),
        )
    if version != FIRST_VERSION and not entry.promise:
        return ()
    at = steps.run(
        "sigstore/log-promise",
        "the log signed when it took the entry",
        partial(log_entry.verify_promise, entry, log),
    )
    if at is None:
        return ()
    return (TrustedTime(at=at, source=TimeSource.TRANSPARENCY_LOG, authority=log.base_url),)


def check_log_windows(
    steps: Steps, bundle: Bundle, root: TrustedRoot, times: tuple[TrustedTime, ...]
) -> None:
    """Check that logs which promise no time were trusted when others say it was signed."""
    for entry in bundle.material.log_entries:
        if entry.promise or not times:
            continue
        for log in (each for each in root.logs if each.key_id == entry.log_id):
            steps.run(
                "sigstore/log-window",
                "the log was trusted at the time of signing",
                partial(_check_window, log, times),
            )


def _check_window(log: LogKey, times: tuple[TrustedTime, ...]) -> bool:
    first = min(each.at for each in times)
    if not log.is_valid_at(first):
        raise CheckFailedError(
            "the log was not trusted at the time of signing", actual=f"{first:%Y-%m-%dT%H:%M:%SZ}"
        )
    return True
