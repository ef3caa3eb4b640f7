"""Where tools/find_python.py looks, with programs that only say what they are asked for."""

import sys
from pathlib import Path

import pytest
from find_python import PythonNotFound, base_interpreter, find_python


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_running_interpreter_of_the_wanted_version_is_taken_without_its_venv(tmp_path: Path) -> None:
    found = find_python("3.12", {"HOME": str(tmp_path), "PATH": str(tmp_path)})

    assert Path(found) == Path(sys._base_executable)
    assert not Path(found).is_relative_to(sys.prefix)


def test_newest_pyenv_version_comes_before_path(tmp_path: Path) -> None:
    for version in ("9.9.9", "9.9.10", "9.10.0"):
        python = tmp_path / ".pyenv" / "versions" / version / "bin" / "python3"
        program(python, f"{version.rpartition('.')[0]} {python}")
    program(tmp_path / "bin" / "python9.9", "9.9 /on/path")

    found = find_python("9.9", {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")})

    assert found == str(tmp_path / ".pyenv/versions/9.9.10/bin/python3")


def test_pyenv_root_is_looked_at_instead_of_home(tmp_path: Path) -> None:
    program(tmp_path / "root/versions/9.9.1/bin/python3", "9.9 /from/root")
    program(tmp_path / ".pyenv/versions/9.9.2/bin/python3", "9.9 /from/home")

    found = find_python("9.9", {"HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path / "root"), "PATH": ""})

    assert found == "/from/root"


def test_python_on_path_is_found(tmp_path: Path) -> None:
    program(tmp_path / "python9.9", "9.9 /on/path")

    assert find_python("9.9", {"HOME": str(tmp_path), "PATH": str(tmp_path)}) == "/on/path"


def test_shim_that_lies_about_its_version_is_passed_over_for_uv(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python9.9", "9.8 /wrong")
    managed = program(tmp_path / "managed" / "python", "9.9 /managed/by/uv")
    program(tmp_path / "bin" / "uv", str(managed))

    assert find_python("9.9", {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}) == "/managed/by/uv"


def test_program_that_fails_is_no_interpreter(tmp_path: Path) -> None:
    broken = program(tmp_path / "python", "9.9 /broken")
    broken.write_text("#!/bin/sh\necho '9.9 /broken'\nexit 1\n")

    assert base_interpreter(str(broken), "9.9") is None
    assert base_interpreter(str(tmp_path / "absent"), "9.9") is None


def test_no_interpreter_is_one_sentence_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(PythonNotFound) as caught:
        find_python("9.9", {"HOME": str(tmp_path), "PATH": str(tmp_path)})

    assert str(caught.value) == (
        "servegraph needs Python 9.9, and neither pyenv, PATH nor uv has it: install it, for example "
        "with `pyenv install 9.9` or `uv python install 9.9`, and run `make setup` again."
    )
