"""The coordinator's calls from Python: what no program of the project would send can be sent with it.

Messages and calls are made from proto/ when this module is loaded, by protoc; grpcio and protobuf are pinned in
scripts/pins/tools.txt.
"""

import atexit
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_LIMIT = 30  # seconds of a call


def _load_protocol():
    """The modules of proto/simclr/v1, by name, and grpc."""
    tools = subprocess.run([_REPOSITORY / "scripts/tools-root"], check=True, capture_output=True, text=True).stdout.strip()
    generated = tempfile.mkdtemp(prefix="simclr-proto-")
    atexit.register(shutil.rmtree, generated, ignore_errors=True)
    sys.path[:0] = [generated, tools]
    sources = sorted((_REPOSITORY / "proto/simclr/v1").glob("*.proto"))
    subprocess.run(["protoc", "-I", _REPOSITORY / "proto", f"--python_out={generated}", *sources], check=True)
    return {path.stem: importlib.import_module(f"simclr.v1.{path.stem}_pb2") for path in sources}, importlib.import_module("grpc")


MODULES, grpc = _load_protocol()
job_pb2, event_pb2, worker_pb2 = MODULES["job"], MODULES["event"], MODULES["worker_service"]


def _find_methods():
    """By "Service/Method": path, class of the request, class of the answer, whether each of them is a stream."""
    message_factory = importlib.import_module("google.protobuf.message_factory").MessageFactory()
    methods = {}
    for module in MODULES.values():
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                streams = importlib.import_module("google.protobuf.descriptor_pb2").MethodDescriptorProto()
                method.CopyToProto(streams)
                methods[f"{service.name}/{method.name}"] = (
                    f"/{service.full_name}/{method.name}",
                    message_factory.GetPrototype(method.input_type),
                    message_factory.GetPrototype(method.output_type),
                    (streams.client_streaming, streams.server_streaming),
                )
    return methods


METHODS = _find_methods()


class Client:
    """One connection. With `ca` (a PEM file) by TLS, with `certificate` and `key` as a worker, with `token` as a person."""

    def __init__(self, address, ca=None, certificate=None, key=None, token=None):
        # Each client has a connection of its own.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 64 << 20)]
        if ca is None:
            self._channel = grpc.insecure_channel(address, options)
        else:
            pem = [path and pathlib.Path(path).read_bytes() for path in (ca, key, certificate)]
            self._channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(*pem), options)
        self._metadata = [("authorization", f"Bearer {token}")] if token else None

    def close(self):
        self._channel.close()

    def call(self, method, request=None, within=_LIMIT, **fields):
        """The answer of a unary call; fields are those of its request. grpc.RpcError where it is refused."""
        path, request_class, answer_class, _ = METHODS[method]
        stub = self._channel.unary_unary(path, request_class.SerializeToString, answer_class.FromString)
        return stub(request or request_class(**fields), timeout=within, metadata=self._metadata, wait_for_ready=True)

    def refusal(self, method, request=None, **fields):
        """"CODE: message" of a call that is refused, "" of one that is not."""
        try:
            self.call(method, request, **fields)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        return ""

    def open(self, method, requests):
        """A call that streams both ways: iterates over the answers; `requests` is an iterator."""
        path, request_class, answer_class, _ = METHODS[method]
        stub = self._channel.stream_stream(path, request_class.SerializeToString, answer_class.FromString)
        return stub(requests, metadata=self._metadata, wait_for_ready=True)

    def submit(self, name, ranks=1, device=job_pb2.DEVICE_CPU, request_id="", **more):
        """The id of a small job."""
        spec = {
            "name": name,
            "kind": job_pb2.JOB_KIND_PRETRAIN,
            "resources": {"ranks": ranks, "device": device},
            "data": {"source": "synthetic:train=64,test=8"},
            **more,
        }
        return self.call("JobService/SubmitJob", spec=spec, request_id=request_id).job.id

    def job(self, name):
        return self.call("JobService/GetJob", job=name)

    def phase(self, name):
        """A word such as "RUNNING"."""
        return job_pb2.Phase.Name(self.job(name).status.phase).removeprefix("PHASE_")
