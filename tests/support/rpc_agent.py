"""An agent that is nothing but its messages, so that it can say what no real one says."""

import queue
import random
import threading

from rpc_client import grpc, job_pb2, worker_pb2

_LIMIT = 10  # seconds for an answer
_PROTOCOL = 1  # common/base/protocol.h


class Refused(Exception):
    """The session ended: "CODE: message"."""


class Session:
    """One stream of an agent: a message goes out, an answer comes in."""

    def __init__(self, client):
        self._requests = queue.Queue()
        self._answers = queue.Queue()
        self._call = client.open("WorkerService/Session", iter(self._requests.get, None))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for desired in self._call:
                self._answers.put(desired)
            self._answers.put(Refused("OK: the coordinator ended the session"))
        except grpc.RpcError as error:
            self._answers.put(Refused(f"{error.code().name}: {error.details()}"))

    def send(self, observed):
        self._requests.put(observed)

    def answer(self, limit=_LIMIT):
        """The next Desired. Refused where the session ended, or nothing came in time."""
        try:
            answer = self._answers.get(timeout=limit)
        except queue.Empty:
            raise Refused(f"no answer in {limit} s") from None
        if isinstance(answer, Refused):
            self._answers.put(answer)  # for whoever asks again
            raise answer
        return answer

    def newest(self, limit=_LIMIT):
        """The answer that came last, at least one."""
        answer = self.answer(limit)
        while not self._answers.empty():
            answer = self.answer(limit)
        return answer

    def close(self):
        self._requests.put(None)
        self._call.cancel()


def slot(index=0, device=job_pb2.DEVICE_CPU, **more):
    return {"index": index, "device": device, "usable": True, "memory_bytes": 1 << 30, **more}


class Agent:
    """One agent process. Who it says it is, in each message, is decided here alone.

    It takes its number from the coordinator; from one that knows no protocol number, which wants agents to number
    themselves, it finds that out by its first message.
    """

    def __init__(self, client, worker, slots=(slot(),)):
        self.client, self.worker, self.slots = client, worker, list(slots)
        self.nonce = random.getrandbits(63) | 1
        self.incarnation = 0
        self.sequence = 0
        self.session = None

    def connect(self):
        """A new session; an earlier one stays open beside it, as after a cut that one side has not noticed."""
        self.session = Session(self.client)
        return self.session

    def observed(self, ranks=(), **fields):
        """The agent's whole state, as the next message of its life."""
        message = worker_pb2.Observed(
            **{"worker": self.worker, "address": "127.0.0.1", "version": "0.1.0", "threads_per_slot": 1, "slots": self.slots, **fields}
        )
        message.ranks.extend(ranks)
        self.sequence += 1
        return self._sign(message)

    def _sign(self, message):
        message.incarnation, message.nonce, message.protocol = self.incarnation, self.nonce, _PROTOCOL
        message.sequence = self.sequence
        return message

    def observe(self, ranks=(), **fields):
        """Says its state in its session (a new one where there is none); the Desired that answers. Refused."""
        session = self.session or self.connect()
        session.send(self.observed(ranks, **fields))
        try:
            return self._learn(session.newest())
        except Refused as refusal:
            if self.incarnation or "needs the worker's name and its incarnation" not in str(refusal):
                raise
            self.incarnation = self.nonce
            self.connect().send(self.observed(ranks, **fields))
            return self._learn(self.session.newest())

    def _learn(self, desired):
        self.incarnation = desired.incarnation or self.incarnation
        return desired

    def await_ranks(self, limit=_LIMIT):
        """The DesiredRanks, once there are some. Refused after the limit."""
        desired = self.observe()
        while not desired.ranks:
            desired = self._learn(self.session.answer(limit))
        return list(desired.ranks)

    def identify(self, request, rank):
        """Fills in who reports about which rank: a DesiredRank."""
        request.worker, request.incarnation, request.rank = self.worker, self.incarnation, rank.rank
        return request

    def commit(self, rank, step):
        """What the coordinator answers to a checkpoint of that rank's attempt: "" or the refusal."""
        path = f"{rank.job_id}/checkpoints/a{rank.attempt}-{rank.nonce[:8]}-s{step}"
        request = self.identify(worker_pb2.CommitCheckpointRequest(), rank)
        checkpoint = request.checkpoint
        checkpoint.job_id, checkpoint.attempt, checkpoint.step, checkpoint.path = rank.job_id, rank.attempt, step, path
        checkpoint.bytes, checkpoint.digest, checkpoint.nonce = 1000, "0" * 64, rank.nonce
        return self.client.refusal("WorkerService/CommitCheckpoint", request)

    def report_exit(self, held, failure=job_pb2.FAILURE_CLASS_SUCCESS, **fields):
        """The same for the end of a rank that this agent holds; fields of the request, to say something else."""
        request = self.identify(worker_pb2.ReportExitRequest(failure=failure), held)
        request.job_id, request.attempt, request.nonce = held.job_id, held.attempt, held.nonce
        for name, value in fields.items():
            setattr(request, name, value)
        return self.client.refusal("WorkerService/ReportExit", request)


def training(rank, step=1, **more):
    """An ObservedRank of a DesiredRank that trains."""
    return worker_pb2.ObservedRank(
        **{
            "job_id": rank.job_id,
            "nonce": rank.nonce,
            "attempt": rank.attempt,
            "rank": rank.rank,
            "pid": 1000,
            "activity": worker_pb2.ACTIVITY_FORWARD,
            "step": step,
            "total_steps": 10000,
            "started": True,
            "precision": "fp32",
            "store_endpoint": "127.0.0.1:29500" if rank.rank == 0 else "",
            **more,
        }
    )
