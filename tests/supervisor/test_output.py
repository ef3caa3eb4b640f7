"""What a child prints comes line by line with its name, and can do no harm."""

import pytest
import uvloop
from tests.supervisor.children import python, until_true

from servegraph.supervisor import Supervisor, to_stderr


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


async def lines_of(code: str, count: int) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    supervised = Supervisor(
        "node", python(code + "; import time; time.sleep(60)"), echo=lambda *line: said.append(line)
    )
    await supervised.start()
    await until_true(lambda: len(said) >= count)
    await supervised.stop()
    return said


async def test_lines_of_both_streams_come_with_the_name():
    code = "import sys; print('one\\ntwo', flush=True); print('three', file=sys.stderr)"
    assert await lines_of(code, 3) == [("node", "one"), ("node", "two"), ("node", "three")]


async def test_control_characters_are_escaped_and_bad_utf8_is_replaced():
    code = r"import sys; sys.stdout.buffer.write(b'\x1b[31mred\r\n\tt\xff\n'); sys.stdout.flush()"
    assert await lines_of(code, 2) == [("node", r"\x1b[31mred"), ("node", "\tt\ufffd")]


async def test_a_line_without_end_comes_in_pieces():
    said = await lines_of("print('x' * 20_000, flush=True)", 3)
    assert [len(line) for _, line in said] == [8192, 8192, 3616]


async def test_a_line_that_breaks_off_is_said_at_the_end():
    assert await lines_of("print('no line end', end='', flush=True); raise SystemExit", 1) == [("node", "no line end")]


async def test_an_echo_that_cannot_print_does_not_stop_the_child():
    heard: list[str] = []

    def broken(name: str, line: str) -> None:
        heard.append(line)
        raise BrokenPipeError

    supervised = Supervisor("node", python("print('a\\nb', flush=True); import time; time.sleep(60)"), echo=broken)
    await supervised.start()
    await until_true(lambda: heard == ["a", "b"])
    await supervised.stop()


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]):
    to_stderr("scale", "loaded")
    assert capsys.readouterr().err == "scale | loaded\n"


def test_a_terminal_gets_coloured_names(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    to_stderr("scale", "loaded")
    assert capsys.readouterr().err == "\x1b[36mscale |\x1b[0m loaded\n"
    monkeypatch.setenv("NO_COLOR", "1")
    to_stderr("scale", "loaded")
    assert capsys.readouterr().err == "scale | loaded\n"
