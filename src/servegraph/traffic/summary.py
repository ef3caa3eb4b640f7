"""The end of a run as one JSON object, for scripts."""

from dataclasses import asdict
from typing import Any

from servegraph.traffic.session import Session
from servegraph.traffic.stream import Script
from servegraph.traffic.tally import accuracies


def summary(session: Session, script: Script | None) -> dict[str, Any]:
    """Counts, latencies in milliseconds, shares between 0 and 1; null where there was no answer.

    `shift.accuracy` is of the shifted rows alone, `drift.windows` are those tested during the run,
    `drift.alarms` name the row whose answer first told of it.
    """
    tally, drift = session.tally, session.drift
    return {
        "sent": tally.sent,
        "ok": tally.ok,
        "failed": tally.failed,
        "reasons": dict(tally.failures),
        "seconds": round(session.seconds, 3),
        "rate": round(tally.sent / session.seconds, 2),
        "p50_ms": _rounded(tally.percentile_ms(50)),
        "p99_ms": _rounded(tally.percentile_ms(99)),
        "split": _shares(tally.split()),
        "accuracy": _shares(accuracies(tally.arms)),
        "feedback": {"ok": tally.feedback_ok, "failed": tally.feedback_failures.total()},
        "drift": {
            "verdict": drift.verdict,
            "alarms": [asdict(alarm) for alarm in drift.alarms],
            "windows": drift.windows,
        },
        "shift": {
            "name": script.name if script else "none",
            "at": script.at if script else None,
            "accuracy": _shares(accuracies(tally.shifted_arms)),
        },
    }


def _shares(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in shares.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
