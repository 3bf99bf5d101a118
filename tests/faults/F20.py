"""Tokens and certificates that change are in force without a restart, and what is broken never is."""

import hashlib
import shutil

from fault_lab import expect, grpc, holds_within

_LIMIT = 25  # seconds, with the default interval


def _line(name, token):
    return f"{name} operator {hashlib.sha256(token.encode()).hexdigest()}\n"


def _gets_in(coordinator, ca, token):
    client = coordinator.client(ca=ca, token=token)
    try:
        return client.call("JobService/ListJobs", within=2) is not None
    except grpc.RpcError:
        return False
    finally:
        client.close()


def run(lab):
    old = lab.certificates()
    new = lab.certificates(folder="new")
    tokens, used = lab.directory / "tokens", lab.directory / "used"
    tokens.write_text(_line("ann", "a"), encoding="ascii")
    shutil.copytree(old, used)
    flags = [f"--tls-ca={used / 'ca.crt'}", f"--tls-cert={used / 'coordinator.crt'}", f"--tls-key={used / 'coordinator.key'}"]
    flags += [f"--tokens={tokens}", *lab.known("simclr-coordinator", "--reload-interval=500ms")]
    coordinator = lab.coordinator(flags=flags)
    expect(_gets_in(coordinator, old / "ca.crt", "a"), "the first token is refused")

    tokens.write_text(_line("bob", "b"), encoding="ascii")
    expect(holds_within(_LIMIT, lambda: _gets_in(coordinator, old / "ca.crt", "b")), "a new token is not known")
    expect(not _gets_in(coordinator, old / "ca.crt", "a"), "a token that was removed is still known")
    tokens.write_text("bob operator\n", encoding="ascii")
    shutil.copy(new / "coordinator.key", used)
    expect(
        not holds_within(3, lambda: not _gets_in(coordinator, old / "ca.crt", "b")),
        "a broken tokens file, or a key without its certificate, shuts people out",
    )
    shutil.copy(new / "coordinator.crt", used)
    shutil.copy(new / "ca.crt", used)
    expect(holds_within(_LIMIT, lambda: _gets_in(coordinator, new / "ca.crt", "b")), "new certificates are not in use")
    return "new tokens and certificates are in force, broken ones are not"
