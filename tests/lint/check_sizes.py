"""Files stay short enough to be read in one sitting: a warning above 300 lines, a failure above 400."""

import source_tree

WARN, FAIL = 300, 400
SUFFIXES = {".cc", ".h", ".py", ".cmake", ".proto", ".sh"}


def check(root):
    findings = []
    for path in source_tree.files(root, SUFFIXES):
        if path.parts[:2] == ("tests", "golden"):
            continue
        lines = source_tree.text(root, path).count("\n")
        if lines > FAIL:
            findings.append(f"{path}: {lines} lines, the limit is {FAIL}: split it")
        elif lines > WARN:
            print(f"warning: {path}: {lines} lines; think of splitting it at {WARN}")
    return findings


if __name__ == "__main__":
    source_tree.main(check)
