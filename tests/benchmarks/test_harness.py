"""The harness on small servers: it starts, checks, measures and ends them."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from harness import machine
from harness.asking import check_answers
from harness.contender import Contender, Site, running
from harness.fitted import Fitted, Question
from harness.forms import Form, seldon_rest
from harness.machine import Cores
from harness.onnx_models import save_onnx
from harness.others import by_hand, grpc_echo
from harness.processes import BenchmarkFailed, Command, Processes
from harness.run import Conditions, Run
from harness.scenario import Load, Scenario
from harness.scenarios import scenarios

SERVER = Path(__file__).with_name("small_server.py")
QUESTION = Question(np.ones((1, 30)), [np.array([[0.9, 0.1]]), np.array([[0.25, 0.75]])])
needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


def everywhere() -> Cores:
    there = frozenset(os.sched_getaffinity(0))
    return Cores(there, there)


def small(key: str, second: float = 0.75, delay: float = 0.0) -> Contender:
    def commands(site: Site) -> Sequence[Command]:
        return [Command([sys.executable, str(SERVER), str(site.http_port), str(second), str(delay)])]

    return Contender(key, f"small server {key}", commands, [seldon_rest("/")])


def conditions(tmp_path: Path) -> Conditions:
    return Conditions(0.3, 2, everywhere(), 0.0, None, tmp_path / "runs", Fitted(tmp_path), lambda text: None)


def scenario(contenders: Sequence[Contender], *loads: Load) -> Scenario:
    return Scenario("small", "Small servers", contenders, loads, {"rest": "a"}, lambda fitted: [QUESTION])


def runs(pid: int) -> bool:
    """Whether a process is there; one that has ended and that nobody waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_processes_run_on_their_core_and_end_with_what_they_started(tmp_path: Path):
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    core = min(os.sched_getaffinity(0))
    with Processes([Command([sys.executable, "-c", script])], [core], tmp_path / "log.txt") as processes:
        while len(processes.pids()) < 2:
            processes.check()
        pids = processes.pids()
        assert [os.sched_getaffinity(pid) for pid in pids] == [{core}, {core}]
    until = monotonic() + 10
    while any(map(runs, pids)):  # the kernel takes its time
        assert monotonic() < until


def test_a_server_that_ends_is_told_with_its_last_words(tmp_path: Path):
    command = Command([sys.executable, "-c", "print('no such model'); raise SystemExit(3)"])
    contender = Contender("ends", "ends", lambda site: [command], [seldon_rest("/")])
    with (
        pytest.raises(BenchmarkFailed, match=r"it ended with 3: no such model \(.*log\.txt\)"),
        running(contender, QUESTION, Fitted(tmp_path), tmp_path, everywhere()),
    ):
        pass


def test_start_up_lasts_until_the_first_answer(tmp_path: Path):
    with running(small("late", delay=0.5), QUESTION, Fitted(tmp_path), tmp_path, everywhere()) as alive:
        assert alive.start_s > 0.5
        assert alive.idle_bytes > 2**20


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[tuple[Form, int]]:
    with running(small("wrong", second=0.7), QUESTION, Fitted(tmp_path), tmp_path, everywhere()) as alive:
        (form,) = alive.contender.forms
        yield form, alive.site.port(form)


def test_a_wrong_answer_is_found(wrong: tuple[Form, int], tmp_path: Path):
    with pytest.raises(BenchmarkFailed, match=r"arm 1 is off by 5\.0e-02"):
        check_answers(*wrong, [QUESTION], tmp_path)


def test_an_arm_that_never_answers_is_found(wrong: tuple[Form, int], tmp_path: Path):
    question = Question(QUESTION.rows, [np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]])])
    with pytest.raises(BenchmarkFailed, match="30 questions were all answered by one arm"):
        check_answers(*wrong, [question] * 30, tmp_path)


def test_the_hand_written_limit_answers_as_scikit_learn(tmp_path: Path):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(0).normal(5, 3, (80, 4))
    scaler = StandardScaler().fit(rows)
    scaled, labels = scaler.transform(rows), rows[:, 0] > rows[:, 1]
    models = [LogisticRegression().fit(scaled, labels), RandomForestClassifier(5, random_state=0).fit(scaled, labels)]
    for arm, model in zip(("logistic", "forest"), models, strict=True):
        save_onnx(tmp_path / f"{arm}.onnx", scaler, model)
    answers = [model.predict_proba(scaled) for model in models]
    questions = [Question(rows[at : at + 1], [arm[at : at + 1] for arm in answers]) for at in range(len(rows))]
    with running(by_hand(), questions[0], Fitted(tmp_path), tmp_path, everywhere()) as alive:
        (form,) = alive.contender.forms
        check_answers(form, alive.site.http_port, questions, tmp_path)


def test_grpc_is_measured(tmp_path: Path):
    load = Load("grpc", 2)
    entry = Run(scenario([grpc_echo()], load), conditions(tmp_path)).outcome().entries["grpc-echo"]
    assert (entry.missing, entry.failed) == (None, False)
    assert len(entry.measured[load]) == 2
    for measured in entry.measured[load]:
        assert measured.errors == 0
        assert measured.requests > 20
        assert 0.3 <= measured.seconds < 2
        assert 0 < measured.p50 <= measured.p99 <= measured.p999 <= measured.longest
        assert measured.cpu_us > 0


def test_without_wrk_http_is_left_out_with_the_reason(tmp_path: Path):
    without = Conditions(
        0.3, 1, everywhere(), 0.0, "wrk is away", tmp_path / "runs", Fitted(tmp_path), lambda text: None
    )
    entry = Run(scenario([small("a")], Load("rest", 1)), without).outcome().entries["a"]
    assert (entry.missing, entry.failed, entry.measured) == ("wrk is away", True, {})


@needs_wrk
def test_contenders_are_measured_in_turn(tmp_path: Path):
    said: list[str] = []
    one = Conditions(1.0, 1, everywhere(), 0.0, None, tmp_path / "runs", Fitted(tmp_path), said.append)
    contenders = [small("a"), small("b"), small("wrong", second=0.7)]
    load = Load("rest", 4)
    outcome = Run(scenario(contenders, load), one).outcome()
    assert said == [
        "small: starting small server a",
        "small: starting small server b",
        "small: starting small server wrong",
        "small: round 1, rest c=4: small server a",
        "small: round 1, rest c=4: small server b",
    ]
    assert [key for key, entry in outcome.entries.items() if entry.failed] == ["wrong"]
    for key in ("a", "b"):
        (measured,) = outcome.entries[key].measured[load]
        assert measured.errors == 0
        assert measured.requests > 50
        assert 0 < measured.p50 <= measured.p99 <= measured.longest
        assert outcome.entries[key].resident >= outcome.entries[key].shared_once > 0


def test_busy_processes_and_their_threads_are_told(tmp_path: Path):
    script = "while True: sum(range(1000))"
    with Processes([Command([sys.executable, "-c", script])], everywhere().server, tmp_path / "log") as busy:
        share = busy.busy_share(0.5)
        threads = machine.thread_seconds(busy.pids()[0])
    assert share > 0.05
    assert [name for name, _ in threads.values()] in (["python"], ["python3"], ["python3.12"])


def test_start_up_of_ours_is_that_with_compiled_models_at_hand(tmp_path: Path):
    ours = [each for every in scenarios(tmp_path) for each in every.contenders if each.key.startswith("us")]
    assert {each.key: each.starts for each in ours if each.starts < 2} == {}
    assert len(ours) > 5
