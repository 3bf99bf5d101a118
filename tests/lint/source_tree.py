"""What the checks of this folder share: the files of the tree and the way findings are reported."""

import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {"build", "__pycache__"}


def files(root, suffixes=None, names=()):
    """The paths below root, relative to it, in order; hidden and generated folders are left out (.ci is not)."""
    found = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") and part != ".ci" for part in relative.parts[:-1])
        if hidden or SKIPPED_FOLDERS & set(relative.parts) or not path.is_file():
            continue
        if suffixes is None or path.suffix in suffixes or path.name in names:
            found.append(relative)
    return found


def text(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def main(check):
    """Runs check(root), which returns its findings as lines, over the repository or the folder in argv[1]."""
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else REPOSITORY
    findings = check(root)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s) in {root.name}")
    sys.exit(1 if findings else 0)
