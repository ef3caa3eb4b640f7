"""The fuzzer for two seconds, as `make fuzz` runs it for sixty; and that it would notice."""

import json
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parent

PLANTED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fuzzing import Target, fuzz
from servegraph.errors import InvalidPayload

def decode(case):
    if case == b"bug":
        {}["bug"]
    raise InvalidPayload("no message")

target = Target("planted", lambda random: random.choice((b"bug", b"")), decode)
print(fuzz([target], 0.1, 7, Path(sys.argv[2])))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60)


def test_two_seconds_of_changed_messages_are_refused_in_words_or_taken(tmp_path: Path) -> None:
    done = run(str(FUZZ), "--seconds", "2", "--seed", "1", "--folder", str(tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "cases, seed 1\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_error_of_another_kind_is_told_and_its_case_kept(tmp_path: Path) -> None:
    done = run("-c", PLANTED, str(FUZZ), str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "seed 7" in done.stdout
    (stored,) = tmp_path.iterdir()
    assert f"FAILED planted KeyError <string>:10: {stored}" in done.stdout
    case = json.loads(stored.read_text())
    assert (case["target"], case["seed"], case["case"]) == ("planted", 7, "YnVn")
    assert "KeyError: 'bug'" in case["detail"]
