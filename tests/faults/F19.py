"""What one user may ask for has limits: size of a spec, and priority."""

import hashlib

from fault_lab import expect


def _tokens(lab):
    path = lab.directory / "tokens"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"ann user {hashlib.sha256(b'secret').hexdigest()}\n", encoding="ascii")
    return path


def _ask(client, **spec):
    spec = {"name": "greedy", "kind": 1, "data": {"source": "synthetic:train=64,test=8"}, **spec}
    return client.refusal("JobService/SubmitJob", spec=spec)


def run(lab):
    client = lab.coordinator(flags=["--tokens", _tokens(lab)]).client(token="secret")
    answers = {
        "a path of 3 MiB": _ask(client, data={"source": "folder:/" + "x" * (3 << 20)}),
        "priority 1000 for a user": _ask(client, schedule={"priority": 1000}),
    }
    taken = [what for what, refusal in answers.items() if not refusal]
    expect(not taken, f"taken: {', '.join(taken)}")
    return "; ".join(f"{what}: {refusal[:100]}" for what, refusal in answers.items())
