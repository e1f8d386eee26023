"""What is kept for whoever comes next: sites, servers, incidents, certificate orders."""

import threading

import pytest
from queue_client import Refused, site_write


@pytest.fixture
def row(sandbox, worker, server):
    sandbox.add_site("example.com", server)
    return worker.take()[0]


def test_writes_are_applied_in_order(sandbox, worker, row):
    assert worker.record(site_write(row, "keep", record={"first": 1}), site_write(row, "keep", record={"second": 2}),
                         site_write(row, "site", record={"third": 3}), site_write(row, "keep", record={"late": 4})) == [
        row["id"]]
    assert worker.take()[0]["record"] == {"third": 3}


def test_nothing_of_a_batch_is_kept_if_it_holds_what_is_not_known(sandbox, worker, row):
    with pytest.raises(Refused, match="cannot record 'frobnicate'") as refused:
        worker.record(site_write(row), {"what": "frobnicate"})
    assert refused.value.code == "HA003"
    assert worker.renew() == {row["id"]: row["token"]}


def facts(place, **what):
    return {"what": "server", "place": place, "facts": what}


def test_facts_are_told_once_to_each(worker, new_worker):
    worker.record(facts("a:22", panel_worked=True), facts("b:22", worked_key="k"))
    other = new_worker()
    first = other.claim(seen=0)
    assert first["servers"] == [{"place": "a:22", "facts": {"panel_worked": True}},
                                {"place": "b:22", "facts": {"worked_key": "k"}}]
    assert other.claim(seen=first["seen"])["servers"] == []
    worker.record(facts("a:22", panel_worked=True), facts("b:22", worked_key="l"))  # a is as it was
    second = other.claim(seen=first["seen"])
    assert second["servers"] == [{"place": "b:22", "facts": {"worked_key": "l"}}]
    assert second["seen"] > first["seen"]


# --- certificate orders ---------------------------------------------------------------------------------------------

def test_an_order_is_kept_and_told_to_the_others(worker, new_worker, now_ms):
    other = new_worker()
    before = now_ms()
    kept = worker.order("a:22", "example.com", note="first")
    assert kept["kept"] is True and before <= kept["at"] <= kept["now"] <= now_ms()
    told = other.claim()
    assert told["orders"] == [{"id": worker.number << 32 | 1, "place": "a:22", "registered": "example.com",
                               "domain": "www.example.com", "at": kept["at"], "outcome": None, "not_before": None,
                               "record": {"note": "first"}}]
    worker.record({"what": "order_end", "id": worker.number << 32 | 1, "outcome": "rate_limited", "not_before": 99,
                   "record": {"note": "ended"}})
    again = other.claim(seen=told["seen"])["orders"]
    assert [(order["outcome"], order["not_before"], order["record"]) for order in again] == [
        ("rate_limited", 99, {"note": "ended"})]
    assert worker.claim()["orders"] == []  # its own


@pytest.mark.parametrize("place, registered", [("a:22", "other.com"), ("b:22", "example.com")])
def test_an_order_is_not_kept_by_who_does_not_know_of_one_that_counts_with_it(sandbox, worker, new_worker, place,
                                                                              registered):
    other = new_worker()
    seen = other.claim()["seen"]
    worker.order("a:22", "example.com")
    worker.order("far:22", "far.com")
    refused = other.order(place, registered, seen=seen)
    assert refused["kept"] is False and [order["place"] for order in refused["orders"]] == ["a:22", "far:22"]
    assert refused["more"] is False
    assert sandbox.sql("select count(*) from hosting_automator.orders") == [{"count": 2}]
    assert other.order(place, registered, seen=refused["seen"])["kept"] is True
    # and the end of one counts as news, too
    worker.record({"what": "order_end", "id": worker.number << 32 | 1, "outcome": "issued", "not_before": None,
                   "record": {}})
    assert other.order("a:22", "example.com", seen=refused["seen"])["kept"] is False


def test_orders_that_do_not_count_with_it_are_no_hindrance_and_not_skipped(worker, new_worker):
    other = new_worker()
    seen = other.claim()["seen"]
    worker.order("a:22", "example.com")
    kept = other.order("b:22", "other.com", seen=seen)
    assert kept["kept"] is True and "seen" not in kept
    assert [order["place"] for order in other.claim(seen=seen)["orders"]] == ["a:22"]


def test_an_order_whose_answer_was_lost_is_kept_once(sandbox, worker, new_worker):
    mine = worker.new_order()
    first = worker.order("a:22", "example.com", order_id=mine)
    assert new_worker().order("a:22", "example.com")["kept"] is False
    again = worker.order("a:22", "example.com", order_id=mine)
    assert (again["kept"], again["at"]) == (True, first["at"])
    assert sandbox.sql("select count(*) from hosting_automator.orders") == [{"count": 1}]


def test_an_order_does_not_pass_for_another_one(worker, new_worker):
    taken = worker.new_order()
    worker.order("a:22", "example.com", order_id=taken)
    with pytest.raises(Refused, match="is that of another order") as refused:
        new_worker().order("b:22", "other.com", order_id=taken)
    assert refused.value.code == "HA003"


def test_orders_of_an_earlier_life_are_told_to_the_next_one_of_the_same_name(worker, new_worker):
    worker.order("a:22", "example.com")
    assert len(new_worker(worker.name).claim()["orders"]) == 1


def test_orders_are_forgotten_after_eight_days(sandbox, worker, new_worker):
    worker.order("a:22", "old.com")
    sandbox.sql("update hosting_automator.orders set at = at - 8 * 24 * 3600000 - 1")
    worker.order("a:22", "new.com")
    worker.claim()
    assert sandbox.sql("select registered from hosting_automator.orders") == [{"registered": "new.com"}]
    sandbox.sql("update hosting_automator.orders set at = at - 8 * 24 * 3600000 - 1")
    new_worker()
    assert sandbox.sql("select registered from hosting_automator.orders") == []


def test_many_orders_come_in_parts(sandbox, worker, new_worker):
    sandbox.sql("insert into hosting_automator.orders select %s + n, 'a:22', n || '.com', n || '.com', "
                "hosting_automator.now_ms(), null, null, null, nextval('hosting_automator.changes') "
                "from generate_series(1, 7000) n", worker.number << 32)
    other = new_worker()
    first = other.claim()
    assert (len(first["orders"]), first["more"]) == (5000, True)
    second = other.claim(seen=first["seen"])
    assert (len(second["orders"]), second["more"]) == (2000, False)
    assert len({order["id"] for order in first["orders"] + second["orders"]}) == 7000
    assert other.claim(seen=second["seen"])["orders"] == []


def test_no_change_is_missed_while_many_write(worker, new_worker):
    """A reader that asks on and on sees each order and each end, whatever order the writers commit in."""
    writers = [new_worker() for _ in range(6)]
    each = 40
    running = threading.Barrier(len(writers) + 1)

    def write(writer):
        running.wait()
        for number in range(each):
            order = writer.new_order()
            assert writer.order(f"{writer.name}:22", f"{writer.name}-{number}.com", order_id=order)["kept"] is True
            writer.record({"what": "order_end", "id": order, "outcome": "issued", "not_before": None, "record": None},
                          facts(f"{writer.name}:22", number=number))
    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    running.wait()
    seen, ended, facts_seen = 0, {}, {}
    while True:
        over = not any(thread.is_alive() for thread in threads)
        answer = worker.claim(seen=seen)
        assert answer["seen"] >= seen
        seen = answer["seen"]
        ended.update({order["id"]: order["outcome"] for order in answer["orders"]})
        facts_seen.update({told["place"]: told["facts"]["number"] for told in answer["servers"]})
        if over:
            break
    assert ended == {writer.number << 32 | n: "issued" for writer in writers for n in range(1, each + 1)}
    assert facts_seen == {f"{writer.name}:22": each - 1 for writer in writers}
