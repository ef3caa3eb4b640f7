"""When a verdict changed, whatever the order of the answers."""

from servegraph.traffic.drift import Alarm, DriftLog
from servegraph.verdict import DetectorState


def detectors(verdict: str, **windows: int) -> dict[str, DetectorState]:
    return {"drift": DetectorState("drift", verdict, windows=windows)}  # type: ignore[arg-type]


def test_alarm_names_the_first_row_that_was_tagged() -> None:
    log = DriftLog(detectors("ok"))
    log.tagged({}, row=0, asked=0.0, now=0.1)
    log.tagged({"drift": "drift", "versions": {}}, row=7, asked=1.0, now=1.1)
    log.tagged({"drift": "drift"}, row=8, asked=1.2, now=1.3)
    assert log.alarms == [Alarm(7, "drift", "drift")]
    assert log.verdict == "drift"


def test_answer_on_its_way_when_the_verdict_changed_says_nothing_new() -> None:
    log = DriftLog(detectors("ok"))
    log.tagged({"drift": "drift"}, row=7, asked=1.0, now=1.1)
    log.tagged({}, row=6, asked=0.9, now=1.2)
    log.tagged({"drift": "drift"}, row=9, asked=1.3, now=1.4)
    assert log.alarms == [Alarm(7, "drift", "drift")]


def test_detector_that_was_blind_or_drifting_before_is_no_alarm() -> None:
    log = DriftLog(detectors("blind"))
    log.tagged({"drift": "blind"}, row=0, asked=0.0, now=0.1)
    log.tagged({}, row=10, asked=0.2, now=0.3)
    assert (log.alarms, log.verdict) == ([], "ok")


def test_monitor_that_goes_blind_is_an_alarm() -> None:
    log = DriftLog(detectors("ok"))
    log.reported(detectors("blind"), row=4, asked=1.0, now=1.1)
    assert log.alarms == [Alarm(4, "drift", "blind")]


def test_windows_are_those_of_this_run() -> None:
    log = DriftLog(detectors("ok", ok=5, drift=1))
    log.reported(detectors("ok", ok=7, drift=1, blind=1), row=9, asked=1.0, now=1.1)
    assert log.windows == {"blind": 1, "ok": 2}


def test_without_a_detector_there_is_no_verdict() -> None:
    log = DriftLog({})
    log.tagged({"drift": "drift"}, row=0, asked=0.0, now=0.1)
    assert (log.verdict, log.alarms, log.windows) == (None, [], {})
