"""What the drift detectors say, feature by feature, and whether they still look."""

from servegraph.observe.grafana import Panel, Query, Row
from servegraph.observe.panels.scope import SCOPE

VERDICT_WORDS = {0: ("ok", "green"), 1: ("drift", "orange"), 2: ("blind", "purple"), 3: ("error", "red")}


def _per_feature(how: str, metric: str) -> str:
    return f"{how} by (detector, feature) ({metric}{{{SCOPE}}})"


def _is(state: str) -> str:
    return f'max by (detector) (servegraph_drift_state{{{SCOPE},state="{state}"}})'


STATE = f"{_is('drift')} + 2 * {_is('blind')} + 3 * {_is('error')}"

DRIFT = Row(
    "Drift",
    (
        Panel(
            "Drift state",
            "ok, drift, blind (nothing can be said) or error, over time.",
            (Query(STATE, "{{detector}}"),),
            kind="state-timeline",
            words=VERDICT_WORDS,
        ),
        Panel(
            "p-value by feature",
            "A feature under the threshold has drifted. Gaps could not be tested. Floor 1e-12.",
            (
                Query(
                    f"clamp_min({_per_feature('min', 'servegraph_drift_p_value')}, 1e-12)",
                    "{{detector}}: {{feature}}",
                ),
                Query(
                    f"max by (detector) (servegraph_drift_threshold{{{SCOPE}}})",
                    "{{detector}} threshold",
                ),
            ),
            log=True,
        ),
        Panel(
            "Distance by feature",
            "How far the last window is from the reference, largest first: how much, where p says how sure.",
            (
                Query(
                    f"sort_desc({_per_feature('max', 'servegraph_drift_distance')})",
                    "{{detector}}: {{feature}}",
                ),
            ),
        ),
        Panel(
            "Windows by result",
            "Windows tested in the last hour. Blind and error windows say nothing about the data.",
            (
                Query(
                    f"sum by (detector, result) (increase(servegraph_drift_windows_total{{{SCOPE}}}[1h]))",
                    "{{detector}}: {{result}}",
                ),
            ),
        ),
        Panel(
            "Time since the last test",
            "Grows while no window fills: little traffic, or a monitor that gets no rows.",
            (
                Query(
                    f"time() - max by (detector) (servegraph_drift_last_run_timestamp_seconds{{{SCOPE}}})",
                    "{{detector}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Missing values by feature",
            "Share of the last window. A feature that is missing blinds the detector.",
            (Query(_per_feature("max", "servegraph_drift_missing_ratio"), "{{detector}}: {{feature}}"),),
            unit="percentunit",
        ),
    ),
)
