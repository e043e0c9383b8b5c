"""Verification of a bundle's transparency log entries."""

from __future__ import annotations

from mlsec.signing.bundles.bundle import Bundle, LogEntry
from mlsec.signing.sigstore.entry_binding import SignedArtifact, check_entry
from mlsec.signing.sigstore.inclusion import verify_inclusion, verify_promise
from mlsec.signing.sigstore.log_keys import LogKey, find_log
from mlsec.signing.sigstore.trusted_root import TrustedRoot
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import TimeSource, TrustedTime, failed, time_text

_FIRST_VERSION = (0, 1)


def verify_entries(
    steps: Steps, bundle: Bundle, root: TrustedRoot, signed: SignedArtifact
) -> tuple[TrustedTime, ...]:
    """Verify every log entry, all of which must hold; return the moments their logs promised."""
    entries = bundle.material.log_entries
    if root.logs and not entries:
        what = "the bundle has no transparency log entry, which this trusted root demands"
        steps.add(failed("sigstore/log-entry", what))
    times: list[TrustedTime] = []
    for entry in entries:
        what = "the trusted root lists the log"
        log = steps.run("sigstore/log-known", what, find_log, root.logs, entry.log_id)
        if log is not None:
            times.extend(_verify_entry(steps, entry, log, signed, bundle.version))
    return tuple(times)


def _verify_entry(
    steps: Steps, entry: LogEntry, log: LogKey, signed: SignedArtifact, version: tuple[int, int]
) -> tuple[TrustedTime, ...]:
    what = "the log entry records this signature, signer and content"
    steps.run("sigstore/log-entry", what, check_entry, entry, signed)
    # Version 0.1 lives by the log's promise, and may carry a proof that nobody signed.
    if version != _FIRST_VERSION or (entry.proof is not None and entry.proof.checkpoint):
        what = "the log's signed checkpoint includes the entry"
        steps.run("sigstore/log-inclusion", what, verify_inclusion, entry, log)
    if version != _FIRST_VERSION and not entry.promise:
        return ()
    what = "the log signed when it took the entry"
    at = steps.run("sigstore/log-promise", what, verify_promise, entry, log)
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
        for log in (log for log in root.logs if log.key_id == entry.log_id):
            what = "the log was trusted at the time of signing"
            steps.run("sigstore/log-window", what, _check_window, log, times)


def _check_window(log: LogKey, times: tuple[TrustedTime, ...]) -> None:
    first = min(time.at for time in times)
    if not log.is_valid_at(first):
        raise CheckFailedError(
            "the log was not trusted at the time of signing", actual=time_text(first)
        )
