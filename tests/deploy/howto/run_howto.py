"""Runs the commands of how-tos, in order, as a reader would, and demands that each succeeds and nothing is left running.

A page whose checks mount something gets a mount namespace of its own; where the kernel refuses, it is skipped (exit 77).
Usage: run_howto.py FOLDER_OF_THE_PROGRAMS PAGE.md...
"""

import pathlib
import subprocess
import sys
import tempfile
import uuid

import howto

SKIPPED = 77
LIMIT = 280  # seconds for a page, below ctest's


def prefix_for(text):
    """What to start the terminal of a page with; None where that is not allowed here."""
    if "<!-- test: mount" not in text:
        return ()
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    return ("unshare", "--mount") if allowed else None


def run(programs, page, text, prefix):
    """Types a page of one machine into a terminal in a fresh home directory."""
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as folder:
        terminal = howto.Terminal(page.stem, pathlib.Path(folder), howto.environment(programs, mark), prefix)
        try:
            found = howto.blocks(text)
            assert found, f"{page} has no shell block"
            for machines, commands in found:
                assert machines == (howto.ONLY,), f"{page}: the block for {machines} needs a test of its own"
                terminal.type(commands)
            terminal.close()
            left = howto.marked_processes(mark)
            assert not left, f"{page} leaves processes behind: {left}"
        finally:
            howto.end_processes(mark)


def main(programs, pages):
    for page in map(pathlib.Path, pages):
        howto.give_up_after(LIMIT)
        text = page.read_text(encoding="utf-8")
        prefix = prefix_for(text)
        if prefix is None:
            print(f"skipped: {page} needs a mount namespace, which the kernel refuses")
            return SKIPPED
        run(programs, page, text, prefix)
        print(f"{page}: every command ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
