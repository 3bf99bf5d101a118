"""A Dockerfile as data: its stages, what each inherits, and what is wrong with it."""

import json
import re

TARGETS = ("coordinator", "worker-cpu", "worker-cuda", "ctl")
SERVICES = ("coordinator", "worker-cpu", "worker-cuda")
LABELS = ("title", "description", "version", "revision", "source", "licenses")
PINNED = re.compile(r"^[^@\s]+@sha256:[0-9a-f]{64}$")


def instructions(text):
    """[(INSTRUCTION, arguments)], continued lines joined, comments left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(text):
    """{name: (base, [(INSTRUCTION, arguments)])} and the ARGs before the first stage as {name: default}."""
    found, arguments, current = {}, {}, None
    for word, rest in instructions(text):
        if word == "FROM":
            base, name = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest).groups()
            current = found[name] = (base, [])
        elif current is None:
            name, _, default = rest.partition("=")
            arguments[name] = default
        else:
            current[1].append((word, rest))
    return found, arguments


def inherited(found, name):
    """The instructions of a stage after those of the stages that it is from."""
    base, own = found[name]
    return (inherited(found, base) if base in found else []) + own


def last(found, target, word):
    return next((rest for one, rest in reversed(inherited(found, target)) if one == word), None)


def unpinned_bases(text):
    found, arguments = stages(text)
    for name, (base, _) in found.items():
        image = re.sub(r"\$\{?(\w+)\}?", lambda match: arguments.get(match.group(1), ""), base)
        if base != "scratch" and base not in found and not PINNED.match(image):
            yield f"stage {name}: its base '{image}' is not pinned by a digest"
        if re.search(r":latest\b", image):
            yield f"stage {name}: its base is 'latest'"


def wrong_targets(text):
    """What a target lacks or has wrong. Targets are from nothing, so that no base brings a shell along."""
    found, _ = stages(text)
    for target in TARGETS:
        if target not in found:
            yield f"no target {target}"
            continue
        root = target
        while root in found:
            root = found[root][0]
        wanted = {"USER": "10001:10001", "STOPSIGNAL": "SIGTERM"}
        yield from (f"{target}: {word} is {last(found, target, word)}" for word in wanted if last(found, target, word) != wanted[word])
        if root != "scratch":
            yield f"{target} is from {root}, not from scratch"
        if any(word in ("RUN", "ADD", "SHELL") for word, _ in inherited(found, target)):
            yield f"{target} does more than to copy"
        if not (last(found, target, "ENTRYPOINT") or "").startswith('["/'):
            yield f"{target}: ENTRYPOINT is no absolute path in exec form"
        labels = last(found, target, "LABEL") or ""
        yield from (f"{target}: no label {label}" for label in LABELS if f"org.opencontainers.image.{label}=" not in labels)
        if target in SERVICES and ' CMD ["/' not in (last(found, target, "HEALTHCHECK") or ""):
            yield f"{target}: no HEALTHCHECK in exec form"


def command(text, target):
    """ENTRYPOINT and CMD of a target as one list."""
    found, _ = stages(text)
    return json.loads(last(found, target, "ENTRYPOINT")) + json.loads(last(found, target, "CMD") or "[]")


def probed(text, target):
    """HOST:PORT/PATH that the health check of a target asks."""
    found, _ = stages(text)
    return json.loads(last(found, target, "HEALTHCHECK").partition(" CMD ")[2])[1]
