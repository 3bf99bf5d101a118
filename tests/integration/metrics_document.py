"""Compares docs/metrics.md with what the programs say of their metrics.

Usage: metrics_document.py FOLDER_OF_THE_PROGRAMS [--write]

What stands between `<!-- PROGRAM --print-metrics -->` and `<!-- end -->` is that program's output; --write brings it up to date.
"""

import argparse
import difflib
import pathlib
import re
import subprocess
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BLOCK = re.compile(r"(?<=<!-- )([a-z-]+)( --print-metrics -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
ROW = re.compile(r"^\| `(?P<name>[a-z_0-9]+)` \| (?P<type>counter|gauge|histogram) \| (?P<labels>[a-z_, ]*) \| (?P<help>.*) \|$")
LADDER = re.compile(r" Buckets: [a-z]+\.$")


def printed(folder, program):
    return subprocess.run([f"{folder}/{program}", "--print-metrics"], capture_output=True, text=True, check=True).stdout


def with_output_of(folder, document):
    """The document with the present output of each program in its place."""
    return BLOCK.sub(lambda block: f"{block[1]}{block[2]}\n{printed(folder, block[1])}\n", document)


def table_of(document, program):
    """The metrics that the document says of the program: name -> (type, set of labels, help)."""
    blocks = {block[1]: block[3] for block in BLOCK.finditer(document)}
    rows = [match for match in map(ROW.match, blocks[program].splitlines()) if match]
    return {
        row["name"]: (row["type"], frozenset(filter(None, row["labels"].split(", "))), LADDER.sub("", row["help"]))
        for row in rows
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    old = DOCUMENT.read_text(encoding="utf-8")
    new = with_output_of(arguments.folder, old)
    if arguments.write:
        DOCUMENT.write_text(new, encoding="utf-8")
        return 0
    assert len(table_of(old, "simclr-coordinator")) > 50 and len(table_of(old, "simclr-worker")) > 40, "the tables are not there"
    difference = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "docs/metrics.md", "the programs", lineterm="", n=0))
    print("\n".join(difference) or "docs/metrics.md says what the programs say")
    if difference:
        print(f"run: python3 tests/integration/metrics_document.py {arguments.folder} --write")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
