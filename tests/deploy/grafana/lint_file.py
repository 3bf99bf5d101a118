"""Reads a .lint file: the exceptions from the linter's rules, each with its reason, in the linter's own format.

    exclusions:
      RULE:
        reason: WHY
        entries:
        - dashboard: TITLE
          panel: TITLE

The file is read by lines, so that no YAML library is needed; this is all of the format that is understood.
"""

import re

LINE = re.compile(r"(?P<indent> *)(?P<dash>- )?(?P<key>[\w-]+):(?: (?P<value>.*))?$")


def read(text):
    """{(rule, dashboard, panel): reason}. ValueError names a line that is not understood, or a rule without a reason."""
    exclusions, reasons, rule, dashboard = {}, {}, "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = LINE.match(line)
        if not parts:
            raise ValueError(f"line {number} is not understood: {line}")
        key, value = parts["key"], (parts["value"] or "").strip()
        if len(parts["indent"]) == 2 and not value:
            rule = key
        elif key == "reason" and value:
            reasons[rule] = value
        elif key == "dashboard" and parts["dash"]:
            dashboard = value
        elif key == "panel":
            exclusions[(rule, dashboard, value)] = reasons.get(rule, "")
        elif key not in ("exclusions", "entries"):
            raise ValueError(f"line {number} is not understood: {line}")
    for where, reason in exclusions.items():
        if not reason:
            raise ValueError(f"{where[0]} has no reason")
    return exclusions
