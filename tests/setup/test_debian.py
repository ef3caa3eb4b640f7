"""What tools/debian.py does about missing programs, with an apt-get that only notes what it is asked."""

import os
from pathlib import Path

import debian
import pytest

FAKE_APT = """#!/bin/sh
PATH=/usr/bin:/bin
shift 2
echo "$1" >> "$BIN/calls"
[ -e "$BIN/lists" ] || [ "$1" = update ] || exit 100
[ ! -e "$BIN/offline" ] || exit 100
touch "$BIN/lists"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that is on PATH for root: an apt-get whose lists are empty until it is told to update."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BIN", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    executable(tmp_path / "apt-get", FAKE_APT)
    return tmp_path


def executable(path: Path, text: str = "#!/bin/sh\n") -> None:
    path.write_text(text)
    path.chmod(0o755)


def calls(programs: Path) -> list[str]:
    noted = programs / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def test_nothing_is_installed_when_all_programs_are_there(programs: Path) -> None:
    for name in ("chromium", "prometheus", "promtool", "wrk"):
        executable(programs / name)

    assert debian.install_missing({}) is None
    assert calls(programs) == []


def test_lists_are_updated_only_when_the_first_try_fails(programs: Path) -> None:
    assert debian.install_missing({}) is None
    assert calls(programs) == ["install", "update", "install"]

    assert debian.install_missing({}) is None
    assert calls(programs) == ["install", "update", "install", "install"]


def test_service_of_an_installed_package_is_stopped_and_disabled(programs: Path) -> None:
    for name in ("service", "update-rc.d"):
        executable(programs / name, f'#!/bin/sh\necho "{name} $*" >> "$BIN/calls"\n')
    for name in ("chromium", "wrk"):
        executable(programs / name)
    (programs / "lists").touch()

    assert debian.install_missing({}) is None
    assert calls(programs) == ["install", "service prometheus stop", "update-rc.d prometheus disable"]


def test_package_that_cannot_be_had_is_a_note(programs: Path) -> None:
    (programs / "offline").touch()

    assert debian.install_missing({}) == (
        "apt-get cannot install chromium prometheus wrk; tests that need what is missing are skipped"
    )
    assert calls(programs) == ["install", "update"]


def test_without_leave_to_install_the_note_says_how(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "chromium prometheus wrk"
    note = f"tests that need {names} are skipped; on Debian, `apt-get install {names}` helps"

    assert debian.install_missing({"SERVEGRAPH_NO_APT": "1"}) == note
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian.install_missing({}) == note
    assert calls(programs) == []
