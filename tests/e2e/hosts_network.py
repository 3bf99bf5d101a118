"""A small network of namespaces: machines with one cable each to a common switch. Needs root and iproute2."""

import os
import subprocess


class NotAllowed(Exception):
    """The kernel, or who we are, does not let us make network namespaces."""


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Network:
    """`machines`: {name of at most 15 characters: IPv4 address}, all in one /24. Nothing of the host's own network is touched.
    Entering it raises NotAllowed, and leaves nothing, where a namespace or a cable cannot be made."""

    def __init__(self, machines):
        self.addresses = dict(machines)
        self._made = []

    def __enter__(self):
        try:
            self._add_namespace("switch")
            self._in("switch", "link", "add", "bridge", "type", "bridge")
            self._in("switch", "link", "set", "bridge", "up")
            for name, address in self.addresses.items():
                self._connect(name, address)
        except OSError as error:
            self.__exit__()
            raise NotAllowed(error) from error
        return self

    def __exit__(self, *_):
        for namespace in reversed(self._made):
            subprocess.run(["ip", "netns", "delete", namespace], check=False)
        self._made.clear()

    def prefix(self, machine):
        """What to put before a command to run it on that machine."""
        return ["ip", "netns", "exec", self._namespace(machine)]

    def unplug(self, machine):
        self._in("switch", "link", "set", machine, "down")

    def plug(self, machine):
        self._in("switch", "link", "set", machine, "up")

    def separate(self, machine, other):
        """What `machine` sends to `other` is dropped; everything else goes on."""
        self._in(machine, "route", "add", "blackhole", self.addresses[other])

    def rejoin(self, machine, other):
        self._in(machine, "route", "del", "blackhole", self.addresses[other])

    def _namespace(self, name):
        return f"simclr-{os.getpid()}-{name}"

    def _in(self, name, *arguments):
        ip("-n", self._namespace(name), *arguments)

    def _add_namespace(self, name):
        ip("netns", "add", self._namespace(name))
        self._made.append(self._namespace(name))
        self._in(name, "link", "set", "lo", "up")

    def _connect(self, name, address):
        self._add_namespace(name)
        # The switch's end of the cable is called as the machine is.
        self._in("switch", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", self._namespace(name))
        self._in("switch", "link", "set", name, "master", "bridge", "up")
        self._in(name, "address", "add", f"{address}/24", "dev", "eth0")
        self._in(name, "link", "set", "eth0", "up")
