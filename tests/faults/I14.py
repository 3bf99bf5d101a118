"""A command whose output cannot be written fails, and says so."""

from fault_lab import expect

_COMMANDS = (("version",), ("get", "jobs"), ("get", "workers"), ("get", "jobs", "-o", "json"), ("--help",))


def run(lab):
    coordinator = lab.coordinator()
    coordinator.client().submit("listed")
    silent = []
    for command in _COMMANDS:
        with open("/dev/full", "wb") as full:
            done = lab.ctl(coordinator, *command, stdout=full)
        if done.returncode != 1 or not done.stderr.strip():
            silent.append(f"{' '.join(command)}: exit {done.returncode}")
    expect(not silent, f"onto a full disk: {', '.join(silent)}")
    return f"exit 1 and a line on standard error: {', '.join(' '.join(command) for command in _COMMANDS)}"
