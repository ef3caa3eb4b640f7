"""`servegraph explain`: why a rule of `servegraph check` is one, with an example and its repair."""

import os
import sys

import click

from servegraph.check.catalogue import BY_CODE
from servegraph.check.choosing import unknown
from servegraph.check.explaining import explained, listed
from servegraph.check.report.paint import Paint


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option("--markdown", is_flag=True, help="Print the page of all rules, docs/rules.md.")
def explain(codes: tuple[str, ...], markdown: bool) -> None:
    """Say why a rule of `servegraph check` is one, with a broken manifest and its repair.

    \b
    Without a code it lists all:
      servegraph explain
      servegraph explain SG101 SG204
    """
    wanted = [code.upper() for code in codes]
    for code in wanted:
        if code not in BY_CODE:
            raise unknown(code, BY_CODE)
    paint = Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
    if markdown:
        from servegraph.check.pages import markdown as page

        said = page()
    else:
        said = "\n\n".join(explained(BY_CODE[code], paint) for code in wanted) or listed(paint)
    click.echo(said, nl=False, color=True)
