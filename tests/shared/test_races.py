"""Many claim at the same time, over real connections: every row is handed out once."""

import itertools
import threading

CLIENTS = 16
CLAIMS = 10_000  # each of which goes off together with 15 others
ROWS = 12        # fewer than there are clients


class Rounds:
    """All clients claim at once, again and again. Between two rounds, while all wait, `between` is told what each of
    them was given in the last one."""

    def __init__(self, workers, count, between):
        self._barrier = threading.Barrier(len(workers), action=lambda: between(self._given))
        self._count = count
        self._given = [[] for _ in workers]
        self._threads = [threading.Thread(target=self._claim, args=pair) for pair in enumerate(workers)]

    def run(self):
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()
        assert not self._barrier.broken

    def _claim(self, index, worker):
        try:
            for _ in range(self._count):
                self._barrier.wait()
                self._given[index] = worker.take(room=index % 3 + 1)
            self._barrier.wait()
        except BaseException:
            self._barrier.abort()
            raise


def is_interleaved(rows):
    """Somebody else was given a row while this claim was under way."""
    tokens = sorted(row["token"] for row in rows)
    return bool(tokens) and tokens[-1] - tokens[0] >= len(tokens)


class Referee:
    """Rows that no job knows, then the same ones given back, then the same ones lost with their leases, and so on."""

    def __init__(self, sandbox, servers, new_worker):
        self._sandbox = sandbox
        self._servers = servers
        self._new_worker = new_worker
        self._domains = (f"race{number}.com" for number in itertools.count(1))
        self._kinds = itertools.cycle([self.make_rows, self.give_back, self.end_leases])
        self._kind = None
        self.rounds = 0
        self.interleaved = 0

    def between(self, given):
        if self._kind:
            self._judge([row["id"] for rows in given for row in rows])
            self.rounds += 1
            self.interleaved += any(is_interleaved(rows) for rows in given)
        self._kind = next(self._kinds)
        self._kind()

    def _judge(self, ids):
        if self._kind == self.end_leases:  # who comes while another ends a lease need not see its rows yet
            ids = ids + [row["id"] for row in self._new_worker().take()]
        assert len(ids) == len(set(ids)) == ROWS

    def make_rows(self):
        self._sandbox.sql("delete from sites")
        for server in self._servers:
            self._sandbox.add_sites(list(itertools.islice(self._domains, ROWS // len(self._servers))), server)

    def give_back(self):
        self._sandbox.sql("update hosting_automator.jobs set worker = null")

    def end_leases(self):
        self._sandbox.sql("update hosting_automator.workers set lease_until = hosting_automator.now_ms()")


def test_every_row_is_handed_out_once(sandbox, new_worker, add_server):
    referee = Referee(sandbox, [add_server() for _ in range(3)], new_worker)
    Rounds([new_worker() for _ in range(CLIENTS)], CLAIMS // CLIENTS, referee.between).run()
    assert referee.rounds == CLAIMS // CLIENTS
    assert referee.interleaved > referee.rounds // 20, "these were no races"
    tokens = sandbox.sql("select count(*), count(distinct token) as different from hosting_automator.jobs")[0]
    assert tokens["count"] == tokens["different"] > 0
