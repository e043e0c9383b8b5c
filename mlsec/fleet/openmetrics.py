"""The state of a scan as OpenMetrics text, for Prometheus and what understands it.

Source: OpenMetrics 1.0, "Text format".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mlsec.fleet.units import Kind, Lane, Progress, State

_Samples = Iterable[tuple[Mapping[str, str], float]]
_LANES = 50


def render_openmetrics(progress: Progress, lanes: Iterable[Lane], stuck: int) -> str:
    """Write the figures of the newest scan of an organisation; lanes with the longest queues."""
    own = {"organisation": progress.scan.organisation}
    return "\n".join([*_lines(progress, own, list(lanes)[:_LANES], stuck), "# EOF", ""])


def _lines(progress: Progress, own: dict[str, str], lanes: list[Lane], stuck: int) -> Iterator[str]:
    scan = progress.scan
    kinds = [
        (own | {"kind": kind.value, "state": state.value}, float(count))
        for kind in Kind
        for state in State
        if (count := sum(c.units for c in progress.counts if (c.kind, c.state) == (kind, state)))
    ]
    yield from _family("units", "Units of the scan by kind and state.", kinds)
    queues: Counter[tuple[str, str]] = Counter()
    for name in ("collect", "judge"):
        for state in (State.WAITING, State.QUEUED, State.RUNNING):
            queues[name, state.value] = sum(
                count.units for count in progress.counts
                if count.state is state and (count.kind is Kind.JUDGE) == (name == "judge")
            )  # fmt: skip
    in_queues = [
        (own | {"queue": queue, "state": state}, n) for (queue, state), n in queues.items()
    ]
    yield from _family("queue_units", "Units that workers can take or will be able to.", in_queues)
    single: tuple[tuple[str, str, float | None], ...] = (
        ("running", "Whether the scan runs.", float(scan.state == "running")),
        ("cancelled", "Whether the scan was cancelled.", float(scan.state == "cancelled")),
        ("pass", "The pass in which the scan is.", scan.pass_number),
        ("stuck_units", "Units that failed and wait, or run far longer than others.", stuck),
        ("calls", "Calls that the units made.", sum(c.calls for c in progress.counts)),
        ("cpu_seconds", "Processor time of the units.",
         sum(c.cpu_ms for c in progress.counts) / 1000),
        ("peak_bytes", "Most memory that a unit took.",
         max((c.peak_bytes for c in progress.counts), default=0)),
        ("seconds_left", "Time until the units end, at the pace of the last minutes.",
         progress.seconds_left),
        ("started_timestamp_seconds", "When the scan began.", scan.started_at.timestamp()),
        ("ended_timestamp_seconds", "When the scan ended.",
         scan.ended_at.timestamp() if scan.ended_at else None),
    )  # fmt: skip
    for name, text, value in single:
        if value is not None:
            yield from _family(name, text, [(own, float(value))])
    errors = [(own | {"class": name}, float(count)) for name, count in progress.errors.items()]
    yield from _family("errors", "Units with an error, by its class.", errors)
    for name, text in (
        ("slots", "Units of a lane that may run at once."), ("busy", "Slots of a lane in use."),
        ("waiting", "Units that wait for a slot of the lane."),
    ):  # fmt: skip
        rows = [(own | {"lane": lane.name}, float(getattr(lane, name))) for lane in lanes]
        yield from _family(f"lane_{name}", text, rows)


def _family(name: str, text: str, samples: _Samples) -> Iterator[str]:
    yield f"# TYPE mlsec_fleet_{name} gauge"
    yield f"# HELP mlsec_fleet_{name} {text}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(given)}"' for label, given in labels.items())
        yield f"mlsec_fleet_{name}{{{inside}}} {value:.15g}"


def _escaped(text: str) -> str:
    """Escape a label's value; what is no character is written as it can be shown."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    return shown.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
