"""A document that holds what programs print of themselves, compared with the programs or brought up to date.

What stands between `<!-- PROGRAM --print-THING -->` and `<!-- end -->` is that program's output.
"""

import argparse
import difflib
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?<=<!-- )([a-z-]+) (--print-[a-z]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)


def printed(folder, program, flag):
    return subprocess.run([f"{folder}/{program}", flag], capture_output=True, text=True, check=True).stdout


def with_output_of(folder, document):
    """The document with the present output of each program in its place."""
    return BLOCK.sub(
        lambda block: f"{block[1]} {block[2]}{block[3]}\n{printed(folder, block[1], block[2])}\n", document
    )


def blocks_of(document):
    """What the document says that each program prints."""
    return {block[1]: block[4] for block in BLOCK.finditer(document)}


def main(description, path, check_old):
    """`check_old` asserts that the document holds what is to be compared. Returns the exit status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    old = path.read_text(encoding="utf-8")
    new = with_output_of(arguments.folder, old)
    if arguments.write:
        path.write_text(new, encoding="utf-8")
        return 0
    check_old(old)
    name = path.relative_to(ROOT)
    difference = list(difflib.unified_diff(old.splitlines(), new.splitlines(), str(name), "the programs", lineterm="", n=0))
    print("\n".join(difference) or f"{name} says what the programs say")
    if difference:
        print(f"run: python3 tests/integration/{path.stem}_document.py {arguments.folder} --write")
    return 1 if difference else 0
