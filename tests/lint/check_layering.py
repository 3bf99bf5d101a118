"""Who may include whom. The table is the single source; ARCHITECTURE.md shows it for people."""

import re

import source_tree

INFRASTRUCTURE = "absl"
ENGINE_COMMON = "common/base common/crypto common/storage engine/base nlohmann"
ENGINE_MIDDLE = f"{ENGINE_COMMON} engine/config"
ENGINE_ABOVE = f"{ENGINE_MIDDLE} engine/data engine/augment engine/model engine/loss engine/optim engine/distributed"
EVERY_COORDINATOR = (
    "coordinator/edge coordinator/state coordinator/policy coordinator/store coordinator/core coordinator/collect coordinator/metrics coordinator/streams coordinator/server"
)
AGENT_PARTS = (
    "worker/agent/base worker/agent/launcher worker/agent/files worker/agent/archive worker/agent/probes worker/agent/outbox worker/agent/logs"
)
COMMON_WITHOUT_METRICS = "common/base common/edge common/flags common/job common/crypto common/storage common/rpc"
RPC = "proto protobuf services grpc"

# folder -> folders and libraries that its files may include, beside themselves and Abseil.
ALLOWED = {
    "common/base": "",
    "common/flags": "common/base cli11",
    "common/edge": "common/base proto protobuf",  # pure, so that fuzzers link nothing else
    "common/job": "common/base common/crypto common/edge proto protobuf yaml-cpp",
    "common/crypto": "common/base openssl",
    "common/storage": "common/base common/crypto",
    "common/rpc": f"common/base common/crypto {RPC}",
    "common/http": "common/base boost",
    "common/metrics": "common/base common/http prometheus",
    "engine/base": "common/base common/crypto common/storage nlohmann torch cuda",
    "engine/config": ENGINE_COMMON,
    "engine/augment": ENGINE_MIDDLE,
    "engine/data": f"{ENGINE_MIDDLE} engine/augment turbojpeg png",
    "engine/distributed": f"{ENGINE_MIDDLE} torch cuda nccl",
    "engine/model": f"{ENGINE_MIDDLE} engine/distributed",
    "engine/loss": ENGINE_MIDDLE,
    "engine/optim": ENGINE_MIDDLE,
    "engine/checkpoint": ENGINE_ABOVE,
    "engine/eval": f"{ENGINE_ABOVE} engine/checkpoint",
    "engine/train": f"{ENGINE_ABOVE} engine/checkpoint engine/eval",
    "coordinator/edge": "common/base common/edge proto protobuf",  # knows no state: one message at a time
    "coordinator/state": "common/base common/job proto protobuf",  # times of messages
    "coordinator/policy": "coordinator/state common/base common/job proto protobuf",
    "coordinator/store": "coordinator/state common/base common/crypto common/edge proto protobuf sqlite",
    "coordinator/core": "coordinator/edge coordinator/state coordinator/policy coordinator/store common/base common/crypto common/job proto protobuf",
    "coordinator/collect": "coordinator/state coordinator/store coordinator/core common/base common/crypto common/job proto protobuf nlohmann",
    "coordinator/metrics": "coordinator/state common/base common/edge common/job common/metrics common/rpc proto protobuf prometheus",
    "coordinator/streams": "common/base proto protobuf",
    "coordinator/server": f"{EVERY_COORDINATOR} {COMMON_WITHOUT_METRICS} common/http common/metrics {RPC} cli11",
    "coordinator": f"{EVERY_COORDINATOR} {COMMON_WITHOUT_METRICS} common/http common/metrics {RPC} cli11",
    "worker/agent/edge": "common/base common/edge proto protobuf",  # as coordinator/edge
    "worker/agent/base": "common/base common/edge proto protobuf",  # why messages are refused is counted by type
    "worker/agent/launcher": "worker/agent/base common/base proto protobuf",
    "worker/agent/files": "worker/agent/base common/base",
    "worker/agent/archive": "worker/agent/base common/base",
    "worker/agent/probes": "worker/agent/base common/base proto protobuf",
    "worker/agent/outbox": "worker/agent/base worker/agent/files common/base common/edge proto protobuf",
    "worker/agent/logs": "worker/agent/base common/base common/job proto protobuf",
    "worker/agent/control": f"{AGENT_PARTS} common/base common/edge common/job proto protobuf",  # no RPC: it blocks on nothing
    "worker/agent": f"{AGENT_PARTS} worker/agent/control worker/agent/edge {COMMON_WITHOUT_METRICS} common/http common/metrics {RPC} prometheus cli11",
    "worker/trainer": f"{ENGINE_ABOVE} engine/checkpoint engine/eval engine/train {COMMON_WITHOUT_METRICS} {RPC} cli11",
    "cli": f"{COMMON_WITHOUT_METRICS} {RPC} yaml-cpp cli11",
    "docker": "",  # the probe of the images brings no library along
}
FREE = {"tests", "bench"}  # may include anything, are included by nothing else

# Edges of the table that reach only some headers of the other folder, and headers closed to a folder.
ONLY_HEADERS = {
    ("coordinator/core", "coordinator/edge"): {"refusals.h"},  # liveness of who is heard, but not understood
    ("coordinator/state", "common/job"): {"proto_time.h"},
    ("worker/agent/logs", "common/job"): {"proto_time.h"},
    ("coordinator/policy", "common/job"): {"enum_word.h", "proto_time.h"},  # sentences name failures; records and limits hold times
    ("coordinator/metrics", "common/job"): {"enum_word.h"},  # labels are words of enums
    ("coordinator/core", "coordinator/store"): {"ended_jobs.h", "journal.h", "step_metrics.h"},
    ("coordinator/collect", "coordinator/store"): {"ended_jobs.h", "step_metrics.h"},
    ("coordinator/metrics", "common/rpc"): {"call_observer.h"},  # counts calls, makes none
}
CLOSED_HEADERS = {"coordinator/policy": {"common/base/clock.h"}}  # policies get the time as an argument

LIBRARIES = [
    ("absl/", "absl"), ("google/protobuf/", "protobuf"), ("grpc", "grpc"), ("yaml-cpp/", "yaml-cpp"),
    ("openssl/", "openssl"), ("prometheus/", "prometheus"), ("sqlite3", "sqlite"), ("nlohmann/", "nlohmann"),
    ("CLI/", "cli11"), ("boost/", "boost"), ("turbojpeg", "turbojpeg"), ("png.h", "png"), ("torch/", "torch"), ("ATen/", "torch"),
    ("c10/", "torch"), ("gloo/", "torch"), ("nccl", "nccl"), ("cuda", "cuda"), ("gtest/", "gtest"),
    ("gmock/", "gtest"), ("benchmark/", "benchmark"),
]  # fmt: skip
SYSTEM = re.compile(r"^([a-z0-9_]+(\.h)?|(sys|net|netinet|arpa|linux|asm|bits)/[a-z0-9_/]+\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The row of the table that a file of the project, or an include of one, belongs to; None for no file of ours."""
    parts = path.split("/")
    if parts[0] in FREE or parts[0] in ("cli", "docker"):
        return parts[0]
    if path.startswith("simclr/v1/"):
        return "services" if path.endswith(".grpc.pb.h") else "proto"
    if parts[0] in ("common", "engine", "worker", "coordinator"):
        folders = ["/".join(parts[:depth]) for depth in range(min(3, len(parts) - 1), 1, -1)]
        return next((folder for folder in folders if folder in ALLOWED), folders[-1] if folders else parts[0])
    return None


def library_of(include):
    for prefix, library in LIBRARIES:
        if include.startswith(prefix):
            return library
    return "system" if SYSTEM.match(include) else None


def closed_edge(folder, include):
    """Why a file of the folder may not include this, or an empty string."""
    target = folder_of(include)
    if target in FREE:
        return f"{target} is included by nothing"
    target = target or library_of(include)
    if target is None:
        return "neither a header of the project nor of a library that the table knows"
    if include in CLOSED_HEADERS.get(folder, ()):
        return "closed to this folder"
    only = ONLY_HEADERS.get((folder, target))
    if only and include.rsplit("/", 1)[1] not in only:
        return f"only {', '.join(sorted(only))} of {target} may be included here"
    if target in (folder, "system", INFRASTRUCTURE) or target in ALLOWED[folder].split():
        return ""
    return f"{folder} may not include {target}"


def sees(path, includes, wanted, visited):
    """Whether a file reaches one of the libraries, directly or through headers of the project."""
    visited.add(path)
    for include in includes.get(path, ()):
        if (folder_of(include) or library_of(include)) in wanted:
            return True
        if include not in visited and sees(include, includes, wanted, visited):
            return True
    return False


def check(root):
    findings, includes = [], {}
    for path in source_tree.files(root, {".cc", ".h"}):
        name = str(path)
        if "gloo_standin" not in name:
            includes[name] = INCLUDE.findall(source_tree.text(root, path))
    for name, found in includes.items():
        folder = folder_of(name)
        if folder in FREE:
            continue
        if folder not in ALLOWED:
            findings.append(f"{name}: its folder is not in the table of {__file__.rsplit('/', 1)[1]}")
            continue
        for include in found:
            reason = closed_edge(folder, include)
            if reason:
                findings.append(f"{name}: includes {include}: {reason}")
        if sees(name, includes, {"torch"}, set()) and sees(name, includes, {"proto", "services", "protobuf", "grpc"}, set()):
            findings.append(f"{name}: sees LibTorch and protobuf; they stay in different files")
    return findings


if __name__ == "__main__":
    source_tree.main(check)
