"""The downward API's file is read as Kubernetes writes it; a bad setting is a problem, not a crash."""

import pytest

from servegraph.spec.annotations import CallLimits, call_limits, parse_annotations


def test_a_file_of_lines_is_read():
    text = 'prometheus.io/scrape="true"\nseldon.io/rest-timeout="1500"\n'
    assert parse_annotations(text) == {"prometheus.io/scrape": "true", "seldon.io/rest-timeout": "1500"}


@pytest.mark.parametrize(
    ("quoted", "value"),
    [
        ('""', ""),
        ('"a=b=c"', "a=b=c"),
        (r'"say \"x=1\""', 'say "x=1"'),
        (r'"two\nlines\tand a \\"', "two\nlines\tand a \\"),
        (r'"\u2028\U0001f600"', "\u2028\U0001f600"),
        (r'"\xc3\xa9\xff"', "é\ufffd"),
        (r'"\303\251"', "é"),
        (r'"\ud800"', "\ufffd"),
        (r'"\U00110000"', "\ufffd"),
        (r'"\\n"', r"\n"),
        ('"ein Gruß"', "ein Gruß"),
    ],
)
def test_a_value_is_unquoted_as_go_quotes_it(quoted: str, value: str):
    assert parse_annotations(f"seldon.io/x={quoted}") == {"seldon.io/x": value}


def test_lines_that_are_no_annotations_are_left_out():
    text = '\nno equals sign\nkey=unquoted\nkey="never closed\n="no key"\r\ngood = "1"\r\n'
    assert parse_annotations(text) == {"good": "1"}


def test_the_last_of_two_lines_counts():
    assert parse_annotations('a="1"\na="2"') == {"a": "2"}


def test_limits_are_read_in_seconds_and_bytes():
    annotations = {
        "seldon.io/rest-timeout": "1500",
        "seldon.io/grpc-timeout": "20",
        "seldon.io/grpc-max-message-size": "10000000",
    }
    assert call_limits(annotations) == (CallLimits(1.5, 0.02, 10_000_000), [])


def test_absent_limits_are_none():
    assert call_limits({"seldon.io/engine-log": "1"}) == (CallLimits(None, None, None), [])


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "10s", "1e3", " 5", "\u0665", "2147483648", "9" * 5000])
def test_a_bad_limit_is_a_problem_and_counts_as_absent(text: str):
    limits, (problem,) = call_limits({"seldon.io/rest-timeout": text, "seldon.io/grpc-timeout": "7"})
    assert limits == CallLimits(None, 0.007, None)
    assert problem.where == "annotation seldon.io/rest-timeout"
    assert problem.fix == "write a whole number of milliseconds above 0"
