"""Compares docs/metrics.md with what the programs say of their metrics.

Usage: metrics_document.py FOLDER_OF_THE_PROGRAMS [--write]

What stands between `<!-- PROGRAM --print-metrics -->` and `<!-- end -->` is that program's output; --write brings it up to date.
"""

import re
import sys

import program_document

DOCUMENT = program_document.ROOT / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(?P<name>[a-z_0-9]+)` \| (?P<type>counter|gauge|histogram) \| (?P<labels>[a-z_, ]*) \| (?P<help>.*) \|$")
LADDER = re.compile(r" Buckets: [a-z]+\.$")


def table_of(document, program):
    """The metrics that the document says of the program: name -> (type, set of labels, help)."""
    rows = [match for match in map(ROW.match, program_document.blocks_of(document)[program].splitlines()) if match]
    return {
        row["name"]: (row["type"], frozenset(filter(None, row["labels"].split(", "))), LADDER.sub("", row["help"]))
        for row in rows
    }


def check_old(document):
    assert len(table_of(document, "simclr-coordinator")) > 50 and len(table_of(document, "simclr-worker")) > 40, "the tables are not there"


if __name__ == "__main__":
    sys.exit(program_document.main(__doc__, DOCUMENT, check_old))
