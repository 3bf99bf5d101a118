"""Compares docs/limits.md with what the programs say of their limits, and the flags in it with what they say of their flags.

Usage: limits_document.py FOLDER_OF_THE_PROGRAMS [--write]

What stands between `<!-- PROGRAM --print-limits -->` and `<!-- end -->` is that program's output; --write brings it up to date.
"""

import re
import subprocess
import sys

import program_document

DOCUMENT = program_document.ROOT / "docs" / "limits.md"
ROW = re.compile(r"^\| [^|]+ \| ([^|]*) \| `(--[a-z-]+)` \|", re.MULTILINE)


def defaults_of(program):
    """Of the flags of a program that name one, and none of those that do not."""
    described = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    return {flag: default or None for flag, default in re.findall(r"^  (--[a-z-]+) [A-Z]+(?:=(\S+))?", described, re.MULTILINE)}


def check_old(document):
    blocks = program_document.blocks_of(document)
    assert blocks["simclr-coordinator"].count("\n| ") > 100, "the tables are not there"
    for program, least in (("simclr-coordinator", 9), ("simclr-worker", 4)):
        rows = ROW.findall(blocks[program])
        assert len(rows) >= least, f"{program}: only {len(rows)} limits have a flag"
        defaults = defaults_of(f"{sys.argv[1]}/{program}")
        for value, flag in rows:
            assert flag in defaults, f"{program} has no flag {flag}"
            assert defaults[flag] in (None, value), f"{program} {flag}: {value} here, {defaults[flag]} in its --help"


if __name__ == "__main__":
    sys.exit(program_document.main(__doc__, DOCUMENT, check_old))
