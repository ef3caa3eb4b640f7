"""Panels as values, and their Grafana JSON.

Plain dictionaries in a fixed order: the same panels always give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
HEIGHTS = {"stat": 4}
PER_KIND: dict[str, dict[str, Any]] = {
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    "timeseries": {
        "legend": {
            "calcs": ["lastNotNull"],
            "displayMode": "table",
            "placement": "bottom",
            "showLegend": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "state-timeline": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}},
    "table": {"showHeader": True},
}


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression; `legend` may hold labels as `{{label}}`."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What is asked, and how it is shown.

    `colors` are steps: from this value on, this color (the first applies to all below).
    `words` replace a value by a text and a color. `width` is in Grafana's 24 columns.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    colors: tuple[tuple[float, str], ...] = ((0.0, "text"),)
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    no_value: str = "no data"
    log: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def lay_out(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """All panels in reading order, with ids from 1 and places on the grid."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        heading = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        placed.append({"id": len(placed) + 1, **heading, "gridPos": _place(0, y, COLUMNS, 1)})
        y, x, tallest = y + 1, 0, 0
        for panel in row.panels:
            height = HEIGHTS.get(panel.kind, 8)
            if x + panel.width > COLUMNS:
                y, x, tallest = y + tallest, 0, 0
            place = _place(x, y, panel.width, height)
            placed.append({"id": len(placed) + 1, **_panel(panel), "gridPos": place})
            x, tallest = x + panel.width, max(tallest, height)
        y += tallest
    return placed


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": panel.no_value,
        "mappings": _mappings(panel),
        "thresholds": {
            "mode": "absolute",
            "steps": [
                {"color": color, "value": value if number else None}
                for number, (value, color) in enumerate(panel.colors)
            ],
        },
    }
    if panel.kind == "timeseries":
        scale = {"type": "log", "log": 10} if panel.log else {"type": "linear"}
        defaults["custom"] = {"fillOpacity": 5, "lineWidth": 1, "scaleDistribution": scale}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_target(panel, number, query) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": PER_KIND[panel.kind],
    }


def _target(panel: Panel, number: int, query: Query) -> dict[str, Any]:
    # A number at the top is the value now: an old one must not look alive.
    instant = panel.kind in ("stat", "table")
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": instant,
        "range": not instant,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _mappings(panel: Panel) -> list[dict[str, Any]]:
    words = {
        str(value): {"index": index, "text": text, "color": color}
        for index, (value, (text, color)) in enumerate(panel.words.items())
    }
    mappings: list[dict[str, Any]] = [{"type": "value", "options": words}] if words else []
    if panel.kind == "stat":
        nothing = {"index": len(words), "text": panel.no_value, "color": "text"}
        mappings.append({"type": "special", "options": {"match": "nan", "result": nothing}})
    return mappings
