"""Waiting for a condition: the only place of the sandbox and its tests where time is let pass."""

import time

INTERVAL_SECONDS = 0.01


def wait_for(predicate, timeout, what, interval=INTERVAL_SECONDS):
    """Polls the real state until `predicate()` is true and returns its value; TimeoutError names `what`.

    An exception of the predicate counts as "not yet" and is shown if the time runs out.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            value, problem = predicate(), None
        except Exception as error:  # e.g. a file that is not there yet
            value, problem = None, error
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"after {timeout} s still not: {what} (last: {problem or value!r})") from problem
        time.sleep(interval)
