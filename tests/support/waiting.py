"""How tests wait for other processes."""

import threading
import time

POLL_SECONDS = 0.2


def wait_until(condition, limit, what):
    """Polls condition() until it is true and returns what it gave; AssertionError after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        threading.Event().wait(POLL_SECONDS)
