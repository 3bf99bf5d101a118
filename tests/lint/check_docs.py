"""Documents stay true: relative links lead to files, headings that are linked exist, and CI runs README's commands."""

import re

import source_tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(text):
    """The anchors that a Markdown viewer gives to the headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(root, path):
    text = source_tree.text(root, path)
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (root / path).parent / target if target else root / path
        if not file.exists():
            yield f"{path}: the link {link} leads to no file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{path}: the link {link} leads to no heading"


def commands(text):
    """The command lines of the shell blocks of a document, without comments."""
    lines = (line.split(" #")[0].strip() for block in SHELL_BLOCK.findall(text) for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def commands_that_nothing_runs(root):
    """README's scripts must be called by .ci/run; its other commands are run by tests/lint/run_readme.py."""
    ci = source_tree.text(root, ".ci/run") if (root / ".ci/run").exists() else ""
    for command in commands(source_tree.text(root, "README.md")):
        program = command.split()[0]
        if program.startswith("scripts/") and not re.search(rf"\b{re.escape(program)}\b", ci):
            yield f"README.md: .ci/run does not run {program}"


def check(root):
    findings = []
    for path in source_tree.files(root, {".md"}):
        findings += broken_links(root, path)
    if (root / "README.md").exists():
        findings += commands_that_nothing_runs(root)
    return findings


if __name__ == "__main__":
    source_tree.main(check)
