"""servegraph: in its topologies, and with what can be switched on and off."""

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

import orjson

from harness.contender import Contender, Site
from harness.forms import open_inference_binary, open_inference_json, seldon_grpc, seldon_rest
from harness.processes import Command

REST_PATH = "/api/v1.0/predictions"
SERVEGRAPH = str(Path(sys.executable).with_name("servegraph"))
COMPANIONS = Path(__file__).parents[1] / "companions"
FORMS = (seldon_rest(REST_PATH), seldon_grpc(), open_inference_binary("/v2/models/bar/infer"))
STARTS = 2  # the first time, models are compiled and kept
EVENTS = 4  # of a request: the root is logged around its call, and around its children
LARGE_ROWS, LARGE_PAUSE_S = 18_000, 0.5
"""Rows in a request of 10 MB, and the time between two of them."""


@dataclass(frozen=True, slots=True)
class Ours:
    """`servegraph run` in the benchmarks' project."""

    graph: str = "bar"
    options: Sequence[str] = ("--no-monitor",)
    variables: Mapping[str, str] | None = None

    def __call__(self, site: Site) -> Sequence[Command]:
        ports = ["--http-port", str(site.http_port), "--grpc-port", str(site.grpc_port)]
        arguments = [SERVEGRAPH, "run", f"graphs/{self.graph}.py", *ports, *self.options]
        return [Command(arguments, self.variables or {}, site.fitted.project)]


def fused() -> Contender:
    return Contender("us", "servegraph", Ours(), FORMS, starts=STARTS)


def split() -> Contender:
    return Contender("us-split", "servegraph --split", Ours(options=("--no-monitor", "--split")), FORMS, starts=STARTS)


def not_accelerated() -> Contender:
    run = Ours(variables={"SERVEGRAPH_ACCELERATE": "off"})
    return Contender("us-off", "servegraph, acceleration off", run, FORMS[:1], starts=STARTS)


def workers(count: int) -> Contender:
    run = Ours(options=("--no-monitor", "--workers", str(count)))
    return Contender(f"us-{count}", f"servegraph --workers {count}", run, FORMS[:1], starts=STARTS)


def one_core() -> Contender:
    """One worker with half of the machine, as the load shares its core."""
    return replace(workers(1), key="us-1-core", title="servegraph --workers 1, on one core", has_one_core=True)


def unwatched() -> Contender:
    """The graph of `watched`, with monitor and log off."""
    return Contender("us-unwatched", "servegraph, both off", Ours("unwatched"), FORMS[:1], starts=STARTS)


def watched() -> Contender:
    """With the drift monitor, and a log of all requests and answers that goes to a sink beside it."""

    def commands(site: Site) -> Sequence[Command]:
        sink = {"REQUEST_LOGGER_DEFAULT_ENDPOINT": f"http://127.0.0.1:{site.more_ports[0]}"}
        return Ours("watched", (), sink)(site)

    def companions(site: Site) -> Sequence[Command]:
        return [Command([sys.executable, str(COMPANIONS / "log_sink.py"), str(site.more_ports[0])])]

    title = "servegraph, watched and logged"
    return Contender("us-watched", title, commands, FORMS[:1], companions=companions, starts=STARTS, counts=_losses)


_COUNTED = (
    ("delivered", re.compile(r'^servegraph_logged_events_total\{.*result="sent".* (\S+)$', re.MULTILINE)),
    ("lost", re.compile(r'^servegraph_logged_events_total\{.*result="(?:failed|dropped)".* (\S+)$', re.MULTILINE)),
    ("unlogged", re.compile(r"^servegraph_unlogged_predictions_total.* (\S+)$", re.MULTILINE)),
    ("rows", re.compile(r"^servegraph_monitor_sent_rows_total.* (\S+)$", re.MULTILINE)),
    ("rows_lost", re.compile(r"^servegraph_monitor_dropped_rows_total.* (\S+)$", re.MULTILINE)),
)


def _losses(site: Site) -> Mapping[str, int]:
    """What the request log and the monitor's client have counted so far."""
    with closing(HTTPConnection("127.0.0.1", site.http_port, timeout=10)) as connection:
        connection.request("GET", "/prometheus")
        page = connection.getresponse().read().decode()
    counts = {name: sum(int(float(number)) for number in line.findall(page)) for name, line in _COUNTED}
    counts["lost"] += EVENTS * counts.pop("unlogged")
    return counts


def beside_large() -> Contender:
    """While another client sends 10 MB at a time."""

    def companions(site: Site) -> Sequence[Command]:
        body = site.folder / "large.json"
        body.write_bytes(orjson.dumps({"data": {"ndarray": site.fitted.many_rows(LARGE_ROWS)[0].rows.tolist()}}))
        arguments = [str(site.http_port), REST_PATH, str(body), str(LARGE_PAUSE_S)]
        return [Command([sys.executable, str(COMPANIONS / "large_requests.py"), *arguments])]

    title = "servegraph beside 10 MB requests"
    return Contender("us-large", title, Ours(), FORMS[:1], companions=companions, starts=STARTS)


def payloads(graph: str) -> Contender:
    """A graph in all forms of its protocols."""
    path = f"/v2/models/{graph}/infer"
    kinds = [seldon_rest(REST_PATH, kind, name=kind) for kind in ("ndarray", "tensor", "tftensor")]
    forms = [*kinds, seldon_grpc(), open_inference_json(path), open_inference_binary(path)]
    return Contender("us", "servegraph", Ours(graph), forms, starts=STARTS)
