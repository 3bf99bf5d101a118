"""An agent with a certificate of its own may say what it likes: the cluster trains on, and starts again."""

from fault_lab import expect, holds_within
from rpc_agent import Agent, Refused, slot, training

_ACCEPTED = "taken"


def _tls(folder, name):
    return {"ca": folder / "ca.crt", "certificate": folder / f"{name}.crt", "key": folder / f"{name}.key"}


def _flags(folder, name):
    return ["--tls-ca", folder / "ca.crt", "--tls-cert", folder / f"{name}.crt", "--tls-key", folder / f"{name}.key"]


def _say(agent, session=None, message=None, **fields):
    """What the agent got for a message."""
    try:
        if session is None:
            agent.connect()
            desired = agent.observe(**fields)
        else:
            session.send(message)
            desired = session.answer(3)
        return f"{_ACCEPTED}, as incarnation {desired.incarnation}"
    except Refused as refusal:
        return str(refusal)


class Odd:
    """Agents "odd-1", "odd-2" and so on, one for each message, beside the job of a sound one."""

    NAMES = [f"odd-{number}" for number in range(1, 15)]

    def __init__(self, connect, held):
        self._connect, self._held, self._names = connect, held, iter(self.NAMES)

    def _agent(self, *slots):
        name = next(self._names)
        return Agent(self._connect(name), name, slots or [slot()])

    def _older(self):
        agent = self._agent()
        _say(agent)
        older = agent.observed()
        agent.observe()
        return _say(agent, agent.session, older)

    def _unknown_incarnation(self):
        agent = self._agent()
        agent.incarnation = 1000
        return _say(agent)

    def _second(self):
        first = self._agent()
        _say(first)
        second = Agent(first.client, first.worker)
        return f"{_say(second)}; the first one: {_say(first, first.session, first.observed())}"

    def messages(self):
        """By what is odd about each: what it got. The next one is sent when the answer is asked for."""
        held = self._held
        yield "a slot twice", _say(self._agent(slot(0), slot(0)))
        yield "absurd indices", _say(self._agent(slot(-1), slot(2**31 - 1)))
        yield "10 MB of text", _say(self._agent(), address="x" * 10_000_000)
        yield "1 MB of text", _say(self._agent(), address="x" * 1_000_000)
        yield "control characters", _say(self._agent(), address="127.0.0.1\x1b[2J\n")
        yield "an unknown enum word", _say(self._agent(slot(device=99)))
        yield "a rank of another's job", _say(self._agent(), ranks=[training(held)])
        yield "a rank twice", _say(self._agent(), ranks=[training(held), training(held)])
        yield "a commit for another's job", self._agent().commit(held, step=999_999) or _ACCEPTED
        yield "an exit for another's job", self._agent().report_exit(held) or _ACCEPTED
        yield "another's name", _say(Agent(self._agent().client, "node-1"))
        yield "an older sequence", self._older()
        yield "an unknown higher incarnation", self._unknown_incarnation()
        yield "a second agent of a living name", self._second()


_MUST_BE_REFUSED = (
    "a slot twice", "absurd indices", "10 MB of text", "1 MB of text", "control characters", "a rank twice",
    "a commit for another's job", "an exit for another's job", "another's name", "a second agent of a living name",
)  # fmt: skip


def _held_rank(sound):
    """The one rank of the sound agent, once it trains."""
    rank = sound.await_ranks()[0]
    sound.observe(ranks=[training(rank)])
    return rank


def _start(lab, folder):
    coordinator = lab.coordinator(flags=[*_flags(folder, "coordinator"), "--tokens", folder / "tokens"])
    token = (folder / "token-ann").read_text(encoding="ascii").strip()
    return coordinator, coordinator.client(ca=folder / "ca.crt", token=token)


def _send_all(coordinator, odd, trains):
    """What each message got, as lines; those with a * got what they must not. Ends where the job does not train on."""
    lines = []
    for step, (what, got) in enumerate(odd.messages(), 2):
        wrong = what in _MUST_BE_REFUSED and got.startswith(_ACCEPTED)
        lines.append(f"{'*' if wrong else ' '} {what}: {got[:160]}")
        if not coordinator.alive() or not trains(step):
            return [*lines, f"* the job does not train on; the coordinator: {'runs' if coordinator.alive() else coordinator.end()}"]
    return lines


def run(lab):
    folder = lab.certificates("node-1", *Odd.NAMES)
    coordinator, person = _start(lab, folder)
    job = person.submit("victim")
    sound = Agent(coordinator.client(**_tls(folder, "node-1")), "node-1")
    held = _held_rank(sound)
    expect(holds_within(10, lambda: person.phase(job) == "RUNNING"), "the job does not run")

    def trains(step):
        sound.observe(ranks=[training(held, step=step)])
        return holds_within(10, lambda: person.job(job).status.step == step and person.phase(job) == "RUNNING")

    lines = _send_all(coordinator, Odd(lambda name: coordinator.client(**_tls(folder, name)), held), trains)
    coordinator.kill()
    _, person = _start(lab, folder)
    status = person.job(job).status
    runs = person.phase(job) == "RUNNING" and status.attempt == 1
    lines.append(f"{' ' if runs else '*'} after a restart of the coordinator: {person.phase(job)}, attempt {status.attempt}")
    wrong = sum(line.startswith("*") for line in lines)
    seen = "\n".join([f"{wrong} of {len(lines)} answers are wrong", *lines])
    expect(wrong == 0, seen)
    return seen
