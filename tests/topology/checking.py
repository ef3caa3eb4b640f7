"""What is checked of every topology."""

import json
from typing import Any

from tests.topology.asking import FEEDBACK, PREDICTIONS, Told, exact, plain, rest, rpc
from tests.topology.cases import ARRAY, ROUTER_ERROR, ROUTER_REFUSES, Case, asking
from tests.topology.processes import Server

REMOTE_ROUTER = "Internal service call from executor failed calling http://127.0.0.1:"


def check_rest(server: Server, case: Case) -> None:
    told = plain(rest(server, case.path, case.request), case.request or {})
    status, body = case.rest

    assert exact(told) == exact(Told(status, body, "application/json" if body else ""))


def check_grpc(server: Server, case: Case, original: bool = False) -> None:
    assert case.call is not None
    assert case.grpc is not None
    method, request = case.call
    told = plain(rpc(server, method, request), request)
    code, said = case.grpc
    if original and case.own_words:
        said = "Exception calling application: "

    assert exact(told) == exact(Told(code, said))


def check_router_that_refuses(server: Server, elsewhere: bool) -> None:
    """Its own error where it runs in the graph's process; else what Seldon's executor makes of it."""
    told = rest(server, PREDICTIONS, ROUTER_REFUSES)

    assert told.status == 409
    if elsewhere:
        info = told.body["status"].pop("info")
        assert told.body == {"status": {"code": 500, "status": "FAILURE"}}
        assert info.startswith(REMOTE_ROUTER)
        assert info.endswith("/route status code 409")
    else:
        assert told.body == ROUTER_ERROR


def check_feedback_reaches_its_way(server: Server, over_grpc: bool = True) -> None:
    """Of the graph `line`: what the nodes heard of feedback that says which way it means."""
    feedback = {"request": ARRAY, "response": {"meta": {"routing": {"choose": 1}}}, "reward": 0.5}
    truth = {"data": {"ndarray": [[7.0]]}}
    before = {node: heard(server, node) for node in ("choose", "left", "right")}
    assert rest(server, FEEDBACK, {**feedback, "truth": truth}).status == 200
    assert rest(server, FEEDBACK, {"request": ARRAY, "reward": 0.25}).status == 200
    values, times = [[1.0, 2.0], [3.5, 4.0]], 1
    if over_grpc:
        assert rpc(server, "SendFeedback", {**feedback, "truth": truth}).status == "OK"
        assert rpc(server, "SendFeedback", {"request": ARRAY, "reward": 0.25}).status == "OK"
        times = 2
    new = {node: heard(server, node)[len(before[node]) :] for node in before}

    assert new == {
        "choose": [[0.5, 1], [0.25, None]] * times,
        "left": [[0.25, values, [], None]] * times,
        "right": [[0.5, values, [[7.0]], None], [0.25, values, [], None]] * times,
    }


def check_feedback_by_puid(server: Server) -> None:
    """Of the graph `line` in `servegraph run`: the way on record counts, once."""
    puid = rest(server, PREDICTIONS, asking(choose=1)).body["meta"]["puid"]
    before = {node: heard(server, node) for node in ("left", "right")}
    lie = {"response": {"meta": {"puid": puid, "routing": {"choose": 0}}}, "reward": 1.0}
    for _ in range(2):
        assert rest(server, FEEDBACK, lie).status == 200
    new = {node: heard(server, node)[len(before[node]) :] for node in before}

    assert new == {"left": [], "right": [[1.0, [], [], -1]]}


def check_open_inference(server: Server) -> None:
    """Of the graph `fan` in `servegraph run`: columns in, the sum of both models out."""
    tensor = {"name": "input", "datatype": "FP64", "shape": [1, 2], "data": [1.0, 2.0]}
    told = rest(server, "/v2/models/fan/infer", {"id": "seven", "inputs": [tensor]})

    assert told.status == 200
    assert told.body["id"] == "seven"
    (output,) = told.body["outputs"]
    assert (output["datatype"], output["shape"], output["data"]) == ("FP64", [1, 2], [5.0, 10.0])


def heard(server: Server, node: str) -> list[Any]:
    """What a node's class heard of feedback so far."""
    body = rest(server, f"/api/v1.0/status/{node}").body
    return json.loads(json.dumps(body["jsonData"]["heard"]))
