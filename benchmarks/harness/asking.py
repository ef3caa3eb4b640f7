"""Ask a contender a few times and read the answers; and are they scikit-learn's?"""

import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from harness.fitted import Question
from harness.forms import Answer, Form, Rows
from harness.load import GRPC_LOAD, write_requests
from harness.processes import BenchmarkFailed

TOLERANCE = 1e-6
MANY = 30  # questions; all of them go to one arm of two once in a billion times


def ask_http(connection: HTTPConnection, form: Form, questions: Sequence[Rows]) -> list[Answer]:
    """One answer for each array of rows, over one connection, which is closed afterwards.

    Raises:
        OSError, HTTPException: nobody answers.
        BenchmarkFailed: the answer is no success.
    """
    answers = []
    with closing(connection):
        for rows in questions:
            body, headers = form.encode(rows)
            connection.request("POST", form.path, body, {**form.headers, **headers})
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise BenchmarkFailed(f"{form.path} answers {response.status}: {content[:300]!r}")
            answers.append(_read(form, content, {name.lower(): value for name, value in response.getheaders()}))
    return answers


def ask_grpc(form: Form, port: int, questions: Sequence[Rows], folder: Path) -> list[Answer]:
    """The same over gRPC, from a process of its own: gRPC and forking do not go together.

    Raises:
        BenchmarkFailed: nobody answers, or the answer is no success.
    """
    file = write_requests(folder / "questions.bin", [form.request(rows) for rows in questions])
    command = [sys.executable, str(GRPC_LOAD), "ask", form.path, str(port), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise BenchmarkFailed(f"{form.path} fails: {done.stderr.strip()[-300:]}")
    return [_read(form, b64decode(line), {}) for line in done.stdout.split()]


def check_answers(form: Form, port: int, questions: Sequence[Question], folder: Path) -> None:
    """Ask, and compare with scikit-learn; of many questions each arm must have answered one.

    Raises:
        BenchmarkFailed: an answer is not that of the arm that it names, or of no arm.
    """
    asked = [question.rows for question in questions]
    if form.transport == "http":
        answers = ask_http(HTTPConnection("127.0.0.1", port, timeout=60), form, asked)
    else:
        answers = ask_grpc(form, port, asked, folder)
    seen = {_arm(question, answer) for question, answer in zip(questions, answers, strict=True)}
    if len(questions) >= MANY and len(seen) < len(questions[0].answers):
        raise BenchmarkFailed(f"{len(questions)} questions were all answered by one arm")


def _read(form: Form, content: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        return form.decode(content, headers)
    except (KeyError, TypeError, ValueError) as error:
        raise BenchmarkFailed(f"the answer cannot be read ({error!r}): {content[:300]!r}") from error


def _arm(question: Question, answer: Answer) -> int:
    """Which arm it was."""
    shape = answer.probabilities.shape
    if any(shape != each.shape for each in question.answers):
        raise BenchmarkFailed(f"the answer to rows of shape {question.rows.shape} has shape {shape}")
    off = [float(np.abs(answer.probabilities - each).max()) for each in question.answers]
    arm = off.index(min(off)) if answer.arm is None else answer.arm
    if off[arm] > TOLERANCE:
        raise BenchmarkFailed(f"arm {arm} is off by {off[arm]:.1e}, more than {TOLERANCE}")
    return arm
