"""No unfinished-work markers and no paths of somebody's machine. The patterns are written so as not to match themselves."""

import re

import source_tree

FORBIDDEN = [
    (re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b"), "an unfinished-work marker"),
    (re.compile(r"(?<![\w.$}~*>)-])/(wor[k]|roo[t]|tm[p]|hom[e])/\w"), "a path of somebody's machine"),
    (re.compile(r"\b(pypi|pythonhosted)\.or[g]"), "the host of a package registry"),
]
SUFFIXES = {".cc", ".h", ".proto", ".py", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ".sh", ".in", ""}


def check(root):
    findings = []
    for path in source_tree.files(root, SUFFIXES):
        if path.parts[:2] == ("tests", "golden"):
            continue
        for number, line in enumerate(source_tree.text(root, path).splitlines(), 1):
            for pattern, meaning in FORBIDDEN:
                found = pattern.search(line)
                if found:
                    findings.append(f"{path}:{number}: '{found.group()}' is {meaning}")
    return findings


if __name__ == "__main__":
    source_tree.main(check)
