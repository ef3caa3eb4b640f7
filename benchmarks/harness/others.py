"""What servegraph is compared with: what the libraries below it allow, and what people use."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.contender import Contender, Site
from harness.forms import Form, echo, open_inference_json, seldon_rest
from harness.processes import Command
from harness.venv import Venv

FOLDER = Path(__file__).parents[1]
RIVALS = FOLDER / "rivals"
ROOT_FORM = seldon_rest("/")
BATCH, BATCH_WAIT_S = 64, 0.005
"""What MLServer may put together, and how long it waits for that: of several, the best at 16 connections."""


def by_hand(form: Form = ROOT_FORM) -> Contender:
    def commands(site: Site) -> Sequence[Command]:
        program = [sys.executable, str(FOLDER / "by_hand.py")]
        return [Command([*program, str(site.fitted.folder), str(site.http_port)])]

    return Contender("by-hand", "by hand: granian + onnxruntime", commands, [form])


def grpc_echo() -> Contender:
    form = echo()

    def commands(site: Site) -> Sequence[Command]:
        return [Command([sys.executable, str(RIVALS / "grpc_echo.py"), str(site.grpc_port), form.path])]

    return Contender("grpc-echo", "grpcio.aio echo", commands, [form])


def fastapi(venv: Venv, library: str) -> Contender:
    """FastAPI with `sklearn` or `onnx`."""

    def commands(site: Site) -> Sequence[Command]:
        options = ["--port", str(site.http_port), "--log-level", "warning", "--no-access-log"]
        arguments = [venv.program("uvicorn"), f"fastapi_app:{library}_app", "--factory", *options]
        return [Command(arguments, {"BENCH_MODELS": str(site.fitted.folder)}, RIVALS)]

    title = f"FastAPI + {'onnxruntime' if library == 'onnx' else 'scikit-learn'}"
    return Contender(f"fastapi-{library}", title, commands, [seldon_rest("/predict")], venv.missing)


def mlserver(venv: Venv, batching: bool) -> Contender:
    """MLServer without workers, which on one core are in its way."""

    def commands(site: Site) -> Sequence[Command]:
        ports = {"http_port": site.http_port, "grpc_port": site.grpc_port, "metrics_port": site.more_ports[0]}
        settings = {**ports, "host": "127.0.0.1", "parallel_workers": 0, "debug": False}
        batch = {"max_batch_size": BATCH, "max_batch_time": BATCH_WAIT_S} if batching else {}
        model = {"name": "bar", "implementation": "mlserver_runtime.Bar", **batch}
        for name, document in (("settings", settings), ("model-settings", model)):
            (site.folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        variables = {"BENCH_MODELS": str(site.fitted.folder), "PYTHONPATH": str(RIVALS)}
        return [Command([venv.program("mlserver"), "start", str(site.folder)], variables, site.folder)]

    key, title = ("mlserver-batch", "MLServer, adaptive batching") if batching else ("mlserver", "MLServer")
    form = open_inference_json("/v2/models/bar/infer", name="rest")
    return Contender(key, title, commands, [form], venv.missing)
