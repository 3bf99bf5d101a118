"""Runs the container of a rendered pod as a process of this machine: its own command line and environment, in a read-only
root file system where its volumes lie at their mount paths, as its own user. What Kubernetes would make of volumes is
made here: Secrets and ConfigMaps as files, claims as shared folders, memory volumes as tmpfs of their size limit.

Needs mount, network and process namespaces around it (see `namespaces`), since it mounts, and ports are the pods' own.
As a program (sandbox.py SPEC.json) it is the part that runs inside the pod's own mount namespace.
"""

import base64
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import tempfile

POD_IP = "127.0.0.1"
HOST_FOLDERS = ("/usr", "/bin", "/lib", "/lib64")  # what programs need of the machine
DEVICES = ("null", "zero", "random", "urandom")


def namespaces():
    """What to put before a command so that Node works in it; users other than root get a user namespace, too."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def has_other_users():
    """False in a user namespace of one user, where every pod stays that user."""
    _, _, count = pathlib.Path("/proc/self/uid_map").read_text().splitlines()[0].split()
    return int(count) > 1


def libraries(program):
    """Folders outside the system's from which a program loads libraries."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = (pathlib.Path(path) for path in re.findall(r"=> (/\S+)", listed))
    found = {path.parent for path in paths} | {path.resolve().parent for path in paths}
    return sorted(str(folder) for folder in found if not str(folder).startswith(HOST_FOLDERS))


class Node:
    """A machine with folders for volumes. `secrets`: objects as Kubernetes has them; `hosts`: names of services."""

    def __init__(self, folder, programs, secrets, config_maps, hosts):
        self._folder, self._programs = pathlib.Path(folder), pathlib.Path(programs).resolve()
        self._secrets = {secret["metadata"]["name"]: secret for secret in secrets}
        self._config_maps = {one["metadata"]["name"]: one for one in config_maps}
        self._hosts = "".join(f"{POD_IP} {host}\n" for host in ["localhost", *hosts])
        self._libraries = [folder for program in self._programs.glob("simclr*") for folder in libraries(program)]

    def claim(self, name):
        """The folder behind a claim."""
        folder = self._folder / "claims" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def start(self, pod, spec):
        """Starts the only container of the pod; its output goes to the log. Returns the process."""
        (container,) = spec["containers"]
        environment = {one["name"]: one.get("value") or self._field(pod, one) for one in container.get("env", [])}
        work = pathlib.Path(tempfile.mkdtemp(prefix=f"{pod}.", dir=self._folder))
        inside = {
            "root": str(work / "root"),
            "user": spec["securityContext"]["runAsUser"],
            "etc": {"hosts": self._hosts, "resolv.conf": ""},
            "libraries": self._libraries,
            "programs": str(self._programs),
            "mounts": self._mounts(pod, spec, environment, work),
            "command": [self._expand(word, environment) for word in container["command"] + container.get("args", [])],
            "environment": environment,
        }
        (work / "spec.json").write_text(json.dumps(inside))
        command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", __file__, work / "spec.json"]
        with self.log(pod).open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def log(self, pod):
        return self._folder / f"{pod}.log"

    def _field(self, pod, variable):
        return {"metadata.name": pod, "status.podIP": POD_IP}[variable["valueFrom"]["fieldRef"]["fieldPath"]]

    def _expand(self, text, environment):
        return re.sub(r"\$\((\w+)\)", lambda found: environment[found.group(1)], text)

    def _mounts(self, pod, spec, environment, work):
        """[{source, target, read_only}], or {tmpfs: bytes, target} for volumes in memory."""
        (container,) = spec["containers"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        group, mounts = spec["securityContext"]["fsGroup"], []
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if volume.get("emptyDir", {}).get("medium") == "Memory":
                mounts.append({"tmpfs": volume["emptyDir"]["sizeLimit"], "target": mount["mountPath"]})
                continue
            source = self._volume(pod, volume, work / "volumes" / volume["name"], group)
            source /= self._expand(mount.get("subPathExpr", mount.get("subPath", "")), environment)
            assert source.exists(), f"{pod}: the volume {volume['name']} has no {source.name}"
            mounts.append({"source": str(source), "target": mount["mountPath"], "read_only": mount.get("readOnly", False)})
        return mounts

    def _volume(self, pod, volume, folder, group):
        """The folder with what the volume holds, readable and, but for files of secrets, writable by the group."""
        if "persistentVolumeClaim" in volume:
            folder = self.claim(volume["persistentVolumeClaim"]["claimName"])
        folder.mkdir(parents=True, exist_ok=True)
        if "secret" in volume:
            self._write(folder, self._secrets[volume["secret"]["secretName"]], volume["secret"], group)
        elif "configMap" in volume:
            self._write(folder, self._config_maps[volume["configMap"]["name"]], volume["configMap"], group)
        else:
            own(folder, group)
            folder.chmod(0o2775)
        return folder

    def _write(self, folder, source, volume, group):
        contents = {key: value.encode() for key, value in source.get("data", {}).items()}
        if source["kind"] == "Secret":
            contents = {key: base64.b64decode(value) for key, value in contents.items()}
        for item in volume.get("items", [{"key": key, "path": key} for key in contents]):
            path = folder / item["path"]
            path.write_bytes(contents[item["key"]])
            own(path, group)
            path.chmod(volume.get("defaultMode", 0o644))


def own(path, group):
    """Gives a path to the pod's group."""
    if has_other_users():
        os.chown(path, -1, group)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def bind(source, target, read_only=True):
    """Mounts `source` at `target`, which is made as a file or a folder like it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir(exist_ok=True) if stat.S_ISDIR(os.stat(source).st_mode) else target.touch()
    mount("--bind", source, target)
    if read_only:
        mount("-o", "remount,bind,ro", target)


def build_root(spec):
    root = pathlib.Path(spec["root"])
    root.mkdir()
    mount("-t", "tmpfs", "tmpfs", root)
    for folder in HOST_FOLDERS:
        if os.path.islink(folder):
            (root / folder[1:]).symlink_to(os.readlink(folder))
        elif os.path.isdir(folder):
            bind(folder, root / folder[1:])
    bind(spec["programs"], root / "usr/local/bin")
    for folder in spec["libraries"]:
        bind(folder, root / folder[1:])
    for device in DEVICES:
        bind(f"/dev/{device}", root / "dev" / device, read_only=False)
    (root / "etc").mkdir()
    for name, text in spec["etc"].items():
        (root / "etc" / name).write_text(text)
    (root / "proc").mkdir()
    mount("--rbind", "/proc", root / "proc")
    for one in spec["mounts"]:
        target = root / one["target"][1:]
        if "tmpfs" in one:
            target.mkdir(parents=True, exist_ok=True)
            mount("-t", "tmpfs", "-o", f"size={one['tmpfs'].removesuffix('i')},mode=1777", "tmpfs", target)
        else:
            bind(one["source"], target, one["read_only"])
    mount("-o", "remount,ro", root)
    return root


def enter(spec):
    """Becomes the container's process."""
    root = build_root(spec)
    os.chroot(root)
    os.chdir("/")
    if has_other_users():
        os.setgroups([])
        os.setgid(spec["user"])
        os.setuid(spec["user"])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.execve(spec["command"][0], spec["command"], {"PATH": "/usr/local/bin", **spec["environment"]})


if __name__ == "__main__":
    enter(json.loads(pathlib.Path(sys.argv[1]).read_text()))
