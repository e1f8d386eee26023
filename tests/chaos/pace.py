"""Commands begin only as the test goes on, so that its last strike meets work on any machine."""

import contextlib

SECONDS_OF_A_COMMAND = 0.2


class Pace:
    """A server may begin so many of its commands as the strikes have come."""

    def __init__(self, servers, commands_of_a_server, strikes):
        self._holds = {server: contextlib.ExitStack() for server in servers}
        self._commands_of_a_server = commands_of_a_server
        self._strikes = strikes

    def __enter__(self):
        for server, hold in self._holds.items():
            server.knob(delay=SECONDS_OF_A_COMMAND)
            hold.enter_context(server.hold(times=None))
        return self

    def __exit__(self, *_):
        for server, hold in self._holds.items():
            hold.close()
            server.clear_knobs()

    def set(self, strikes):
        may_begin = 1 + self._commands_of_a_server * strikes // self._strikes
        for server, hold in self._holds.items():
            begun = len(server.calls())
            if begun < may_begin:
                earlier = hold.pop_all()
                hold.enter_context(server.hold(times=None, skip=may_begin - begun))
                earlier.close()
