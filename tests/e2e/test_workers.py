"""Several workers behind one pair of ports: what is counted and remembered is the same whoever is asked."""

import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.e2e.crew import Client, crew, one_each
from tests.e2e.running import Running, children, command, wait_until

from servegraph.payload.schema import message_class

WATCHED = """
    from servegraph.graph import deployment, model, transformer

    graph = deployment("who", transformer("watch", "nodes.who:Watch") >> model("a", "nodes.who:Who"), image="who:1.0")
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with crew(tmp_path_factory.mktemp("both"), "--no-monitor") as running:
        yield running


def answered(client: Client) -> float:
    return client.value('seldon_api_executor_server_requests_seconds_count{code="200"')


def results(client: Client) -> dict[str, int]:
    feedback: dict[str, int] = client.ask("/status")[1]["feedback"]
    return feedback


def test_counters_are_exact_after_every_answer(both: Running) -> None:
    with one_each(both) as clients:
        before, calls = answered(clients[0]), clients[0].value("calls_total{")
        for number in range(1000):
            clients[number % 2].predict()

        for client in clients:
            assert answered(client) - before == 1000
            assert client.value("calls_total{") - calls == 1000
            assert client.value("servegraph_ab_assignments_total{") == answered(client)


def test_status_is_that_of_all_workers(both: Running) -> None:
    with one_each(both) as clients:
        for client in clients:
            status = client.ask("/status")[1]
            assert status["answers"] == {"200": int(answered(client))}
            assert status["pid"] == both.process.pid
            assert {worker["pid"] for worker in status["workers"]} == {each.pid for each in clients}
            assert [worker["ready"] for worker in status["workers"]] == [True, True]
        said = command(both.project, "status").stdout
        assert all(f"pid {client.pid}\n" in said for client in clients)


def test_grpc_goes_to_both_workers(both: Running) -> None:
    seen: set[float] = set()
    message = message_class("seldon.protos.SeldonMessage")
    request = message()
    request.data.tensor.shape.extend([1, 1])
    request.data.tensor.values.append(0.0)

    def has_both() -> bool:
        # Channels share connections unless they differ.
        with grpc.insecure_channel(f"127.0.0.1:{both.grpc_port}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
            predict = channel.unary_unary(
                "/seldon.protos.Seldon/Predict", message.SerializeToString, message.FromString
            )
            seen.add(predict(request, timeout=10).meta.tags["pid"].number_value)
        return len(seen) == 2

    wait_until(has_both, 20, "a worker does not answer")
    with one_each(both) as clients:
        assert seen == {client.pid for client in clients}


def test_processes_count_as_one(both: Running) -> None:
    with one_each(both) as (first, second):
        seconds = first.value("process_cpu_seconds_total")
        assert first.value("process_start_time_seconds") == second.value("process_start_time_seconds")
        assert second.value("process_cpu_seconds_total") >= seconds > 0.2
        memory = [client.value("process_resident_memory_bytes") for client in (first, second)]
        assert max(memory) < 1.2 * min(memory)


@pytest.mark.parametrize("puid", ["", "chosen-by-the-client"])
def test_feedback_is_joined_whoever_gets_it(both: Running, puid: str) -> None:
    with one_each(both) as (first, second):
        before = results(first)
        named = first.predict(puid=puid)["puid"]
        assert second.reward(named, 1.0) == 200
        assert [client.reward(named, 1.0) for client in (first, second)] == [200, 200]

        for client in (first, second):
            now = results(client)
            assert now["joined"] - before["joined"] == 1
            assert now["duplicate"] - before["duplicate"] == 2


def test_unknown_puid_is_told_by_both(both: Running) -> None:
    with one_each(both) as clients:
        before = results(clients[0])["unknown"]
        assert [client.reward("nobody-made-it", 1.0) for client in clients] == [404, 404]
        assert results(clients[0])["unknown"] - before == 2


def test_feedback_that_failed_can_be_sent_again_to_the_other(both: Running) -> None:
    with one_each(both) as (first, second):
        before = results(first)["joined"]
        puid = first.predict()["puid"]
        assert second.reward(puid, -1.0) == 500
        assert first.reward(puid, 0.5) == 200
        assert results(second)["joined"] - before == 1


def test_rewards_go_to_the_arm_that_answered(both: Running) -> None:
    with one_each(both) as (first, second):
        before = {arm["arm"]: arm for arm in second.ask("/status")[1]["arms"]}
        arms = ["ab"[first.predict(puid=f"arm-{number}")["routing"]["ab"]] for number in range(30)]
        for number in range(30):
            assert second.reward(f"arm-{number}", 2.0) == 200

        for arm in first.ask("/status")[1]["arms"]:
            assert arm["feedback"] - before[arm["arm"]]["feedback"] == arms.count(arm["arm"])
            assert arm["reward"] - before[arm["arm"]]["reward"] == 2.0 * arms.count(arm["arm"])


def test_verdict_on_rows_of_all_workers_is_on_all_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    def says(client: Client, verdict: str | None, value: float) -> bool:
        return bool(client.predict(value + random.random() / 1000)["tags"].get("watch") == verdict)

    with crew(tmp_path_factory.mktemp("watched"), graph=WATCHED) as running, one_each(running) as (first, second):
        parent = running.process.pid
        assert len(children(parent)) == 3
        assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1  # it must be possible to fork it
        wait_until(lambda: says(second, "drift", 0.01), 20, "nobody looks at the rows")
        wait_until(lambda: says(first, "drift", 0.01), 5, "the other worker does not know")
        wait_until(lambda: says(first, None, 0.0), 20, "the verdict stays")
        wait_until(lambda: says(second, None, 0.0), 5, "the other verdict stays")
        sent = "servegraph_monitor_sent_rows_total{"
        wait_until(lambda: second.value(sent) == answered(second), 5, "rows are missing")
        windows = first.ask("/status")[1]["monitor"]["detectors"]["watch"]["windows"]
        assert 4 * sum(windows.values()) <= answered(second) < 4 * sum(windows.values()) + 4


def test_components_with_threads_are_loaded_in_each_worker(tmp_path_factory: pytest.TempPathFactory) -> None:
    graph = """
        from servegraph.graph import deployment, model

        graph = deployment("who", model("a", "nodes.who:Threaded"), image="who:1.0")
    """
    with crew(tmp_path_factory.mktemp("threads"), "--no-monitor", graph=graph) as running, one_each(running):
        assert "note what was loaded has started 1 threads: each worker loads for itself" in running.output


def test_workers_of_a_split_graph_are_refused(both: Running) -> None:
    done = command(both.project, "run", "--workers", "2", "--split")
    assert done.returncode == 2
    assert "--workers and --split exclude each other" in done.stderr
