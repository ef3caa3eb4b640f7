"""A real Prometheus for a test, and the dashboard's queries as Grafana would send them.

Used by every test that asks whether the panels show the truth, whatever is being scraped.
"""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Series = list[tuple[dict[str, str], float]]


class Prometheus:
    """The HTTP API of a running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expr: str, at: float | None = None) -> Series:
        """Every series of an instant query, as (labels, value); `at` is Unix time, now by default."""
        form = {"query": expr} | ({"time": str(at)} if at is not None else {})
        body = urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query", data=body, timeout=10) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{error.read().decode()} for {expr}") from None
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]

    def wait_for(self, expr: str, seconds: float = 30.0) -> Series:
        """The answer, as soon as there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := self.query(expr):
                return found
            time.sleep(0.05)
        raise AssertionError(f"nothing within {seconds} s for {expr}")


@contextmanager
def start_prometheus(folder: Path, target_url: str, interval: str = "200ms") -> Iterator[Prometheus]:
    """Scrape `target_url` every `interval` until the block ends; everything is written under `folder`."""
    target = urllib.parse.urlsplit(target_url)
    scrape = {
        "job_name": "servegraph",
        "scheme": target.scheme,
        "metrics_path": target.path,
        "static_configs": [{"targets": [target.netloc]}],
    }
    settings = {"scrape_interval": interval, "scrape_timeout": interval}
    config = folder / "prometheus.json"  # JSON is YAML
    config.write_text(json.dumps({"global": settings, "scrape_configs": [scrape]}))
    log = folder / "prometheus.log"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--scrape.discovery-reload-interval=100ms",  # or the first scrape may come 5 s later
    ]
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process,
    ):
        try:
            yield Prometheus(_address(process, log))
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        address = re.search(r'msg="Listening on" address=(\S+)', text)
        if address and "Server is ready" in text:
            return f"http://{address[1]}"
        time.sleep(0.02)
    raise AssertionError(f"Prometheus did not start:\n{log.read_text()}")


@dataclass(frozen=True)
class PanelQuery:
    """One query of a panel, with Grafana's variables filled in."""

    title: str
    expr: str
    legend: str

    def answer(self, prometheus: Prometheus, at: float | None = None) -> dict[str, float]:
        """What the panel would draw: legend text to value."""
        return {self._legend(labels): value for labels, value in prometheus.query(self.expr, at)}

    def _legend(self, labels: Mapping[str, str]) -> str:
        return re.sub(r"{{(\w+)}}", lambda name: labels.get(name[1], ""), self.legend)


def panel_targets(dashboard: Mapping[str, Any], **chosen: str) -> list[PanelQuery]:
    """Every query of every panel. `chosen` overrides a variable, as a person at the top would."""
    values = {"__rate_interval": "1m"} | _variables(dashboard) | chosen
    return [
        PanelQuery(panel["title"], _filled_in(target["expr"], values), target["legendFormat"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]


def panel_queries(dashboard: Mapping[str, Any], **chosen: str) -> list[tuple[str, str]]:
    """(panel title, expression) of every query, ready to be sent."""
    return [(query.title, query.expr) for query in panel_targets(dashboard, **chosen)]


def check_panels(
    prometheus: Prometheus,
    queries: Sequence[PanelQuery],
    truth: Mapping[str, Mapping[str, Any]],
    at: float | None = None,
) -> None:
    """Every panel answers, and with the `truth`: panel title to legend to value.

    A panel that `truth` does not name must only answer something other than NaN.

    Raises:
        AssertionError: names every panel that is empty or wrong.
    """
    answers: dict[str, dict[str, float]] = {}
    for query in queries:
        answers.setdefault(query.title, {}).update(query.answer(prometheus, at))
    wrong = [
        f"{title}: {answer}, not {truth.get(title, 'NaN or nothing')}"
        for title, answer in answers.items()
        if not _is_true(answer, truth.get(title))
    ]
    assert not wrong, "\n".join(wrong)


def _is_true(answer: Mapping[str, float], truth: Mapping[str, Any] | None) -> bool:
    if truth is None:
        return any(value == value for value in answer.values())
    return answer.keys() == truth.keys() and all(answer[legend] == value for legend, value in truth.items())


def _variables(dashboard: Mapping[str, Any]) -> dict[str, str]:
    values = {}
    for variable in dashboard["templating"]["list"]:
        current = variable.get("current", {}).get("value")
        if current is not None:
            values[variable["name"]] = variable["allValue"] if current == "$__all" else current
    return values


def _filled_in(expr: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda name: values[name[1]], expr)
