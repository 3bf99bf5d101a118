"""Which shared libraries a program needs at run time, and who owns them: a Debian package or a wheel of LibTorch."""

import csv
import os
import pathlib
import re
import subprocess

RESOLVED = re.compile(r"^\t(?:\S+ => )?(/\S+) \(0x")
MISSING = re.compile(r"^\t(\S+) => not found", re.MULTILINE)

# What libtorch_cuda and cuDNN open by name when they first need it; ldd cannot see it. Relative to the LibTorch folder.
OPENED_BY_NAME = [
    "torch/lib/libcaffe2_nvrtc.so",
    "torch/lib/libtorch_cuda_linalg.so",
    "nvidia/cudnn/lib/libcudnn_*.so.9",
    "nvidia/cu13/lib/libnvrtc.so.13",
    "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
    "nvidia/cu13/lib/libnvJitLink.so.13",
]

# The driver's, which the NVIDIA container runtime puts into the container.
FROM_THE_DRIVER = {"libcuda.so.1"}


def parse_ldd(text):
    """The paths that ldd printed; LookupError names libraries that it did not find."""
    missing = sorted(set(MISSING.findall(text)) - FROM_THE_DRIVER)
    if missing:
        raise LookupError(f"shared libraries not found: {', '.join(missing)}")
    return [os.path.normpath(match.group(1)) for match in map(RESOLVED.match, text.splitlines()) if match]


def libraries(programs, torch_root):
    """All shared libraries that the programs load, dynamic loader included, as sorted paths."""
    search = {**os.environ, "LD_LIBRARY_PATH": f"{torch_root}/torch/lib"}

    def loaded(files):
        output = [subprocess.run(["ldd", file], env=search, check=True, capture_output=True, text=True).stdout for file in files]
        return {path for text in output for path in parse_ldd(text)}

    found = loaded(programs)
    if any(path.endswith("/libtorch_cuda.so") for path in found):
        opened = {str(path) for pattern in OPENED_BY_NAME for path in pathlib.Path(torch_root).glob(pattern)}
        found |= opened | loaded(sorted(opened))
    return sorted(found)


def packages_of(paths):
    """The Debian packages of the libraries. dpkg knows some by their path from before /lib became a link to /usr/lib."""
    spellings = {spelling: path for path in paths for spelling in (f"/usr{path.removeprefix('/usr')}", path.removeprefix("/usr"))}
    answer = subprocess.run(["dpkg-query", "-S", *spellings], capture_output=True, text=True).stdout
    owners = {}
    for line in answer.splitlines():
        package, _, name = line.partition(": ")
        owners[spellings[name]] = package.split(":")[0]
    orphans = sorted(set(paths) - set(owners))
    if orphans:
        raise LookupError(f"in no Debian package: {', '.join(orphans)}")
    return set(owners.values())


def wheel_of(path, torch_root):
    """The dist-info folder of the wheel that holds the file."""
    wanted = os.path.relpath(path, torch_root)
    for record in sorted(pathlib.Path(torch_root).glob("*.dist-info/RECORD")):
        with open(record, newline="", encoding="utf-8") as file:
            if any(row[0] == wanted for row in csv.reader(file)):
                return record.parent
    raise LookupError(f"{path} is in no wheel of {torch_root}")
