"""Asks Debian's promtool whether expressions are PromQL."""

import json
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
VARIABLES = ((r"\$__rate_interval", "1m"), (r"\$__range", "1h"))
FINDING = re.compile(r"rule (?P<number>\d+), .*?: could not parse expression: (?P<error>.*)")


def require():
    """Ends the test as skipped where promtool is not installed."""
    if not shutil.which("promtool"):
        print("skipped: promtool is not installed (scripts/setup installs Debian's prometheus)")
        sys.exit(SKIPPED)


def errors(expressions):
    """What is wrong with them, by expression; Grafana's variables are put in first."""
    expressions = list(dict.fromkeys(expressions))
    rules = [{"record": f"expression:{i}", "expr": _substituted(text)} for i, text in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"groups": [{"name": "expressions", "rules": rules}]}, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    found = {expressions[int(match["number"]) - 1]: match["error"] for match in FINDING.finditer(done.stderr)}
    assert found or done.returncode == 0, done.stdout + done.stderr
    return found


def _substituted(expression):
    for pattern, value in VARIABLES:
        expression = re.sub(pattern, value, expression)
    return expression
