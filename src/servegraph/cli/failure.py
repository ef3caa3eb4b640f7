"""Errors at the command line: what happened, the fix, the exit code; no traceback for a user's mistake."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from servegraph.errors import ConfigurationError, EnvironmentFault, ServeGraphError
from servegraph.settings import is_debug

FINDING, USAGE, ENVIRONMENT = 1, 2, 3
INTERRUPTED = 130


def exit_code(error: ServeGraphError) -> int:
    """1 a finding, 2 the author's mistake, 3 the machine."""
    if isinstance(error, ConfigurationError):
        return USAGE
    return ENVIRONMENT if isinstance(error, EnvironmentFault) else FINDING


@contextmanager
def reported() -> Iterator[None]:
    """Report errors of this library, and of the machine, as one message, and leave with their exit code.

    With SERVEGRAPH_DEBUG set they are raised, traceback and all.
    """
    try:
        yield
    except (ServeGraphError, OSError) as error:
        if is_debug(os.environ):
            raise
        fail(error if isinstance(error, ServeGraphError) else _of_the_machine(error))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)


def _print(label: str, text: str) -> None:
    click.echo(f"{label}: {text}", err=True, color=False if os.environ.get("NO_COLOR") else None)


def _of_the_machine(error: OSError) -> EnvironmentFault:
    where = f" ({error.filename})" if error.filename else ""
    return EnvironmentFault(f"{error.strerror or error}{where}", hint="look at the disk's space and at permissions")


def fail(error: ServeGraphError) -> NoReturn:
    """Print an error with its hint to standard error, and exit."""
    _print(click.style("error", fg="red", bold=True), str(error))
    if error.hint:
        _print(click.style("hint", fg="cyan"), error.hint)
    sys.exit(exit_code(error))
