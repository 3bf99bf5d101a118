"""Compares docs/limits.md with what the coordinator says of its limits.

Usage: limits_document.py FOLDER_OF_THE_PROGRAMS [--write]

What stands between `<!-- simclr-coordinator --print-limits -->` and `<!-- end -->` is its output; --write brings it up to date.
"""

import sys

import program_document

DOCUMENT = program_document.ROOT / "docs" / "limits.md"


def check_old(document):
    assert program_document.blocks_of(document)["simclr-coordinator"].count("\n| ") > 100, "the tables are not there"


if __name__ == "__main__":
    sys.exit(program_document.main(__doc__, DOCUMENT, check_old))
