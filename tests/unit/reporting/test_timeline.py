"""When hosts were at work at what, for the report's timeline."""

from __future__ import annotations

from k8s_ha.reporting.timeline import Timeline


class Clock:
    """A clock that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def timeline(*events: tuple[float, str, str]) -> Timeline:
    """After seconds, hosts that begin operations, or stop where the operation is empty; each is of phase P."""
    clock = Clock()
    found = Timeline(clock)
    for seconds, host, operation in events:
        clock.now += seconds
        if operation:
            found.start(host, "P", operation)
        else:
            found.stop(host)
    return found


def spans(found: Timeline, hosts: int = 1) -> list[tuple[str, str, float, float]]:
    return [(span.host, span.operation, span.begins, span.seconds) for span in found.spans(hosts)]


def test_operations_stand_in_the_order_in_which_they_began() -> None:
    found = timeline((2, "b", "one"), (0, "a", "one"), (5, "a", ""), (3, "b", ""), (0, "a", "two"), (4, "a", ""))
    assert spans(found) == [("a", "one", 2, 5), ("b", "one", 2, 8), ("a", "two", 10, 4)]
    assert (found.seconds("a"), found.seconds("b"), found.seconds("c")) == (9, 8, None)
    assert (found.begins("P"), found.begins("Q")) == (2, None)


def test_what_took_less_than_a_second_counts_and_has_no_span() -> None:
    found = timeline((0, "a", "one"), (0.75, "a", ""), (0, "a", "two"), (1, "a", ""))
    assert spans(found) == [("a", "two", 0.75, 1)]
    assert found.seconds("a") == 1.75


def test_what_a_host_is_at_work_at_is_told_too() -> None:
    found = timeline((0, "a", "one"), (5, "b", "two"), (7, "c", "three"))
    assert spans(found) == [("a", "one", 0, 12), ("b", "two", 5, 7)]
    assert found.seconds("a") == 12


def test_a_phase_has_begun_once() -> None:
    clock = Clock()
    found = Timeline(clock)
    found.enter("P")
    clock.now += 3
    found.start("a", "P", "one")
    assert found.begins("P") == 0


def test_the_longest_dozen_of_each_host_and_fewer_of_many() -> None:
    begun = [(seconds, "a", name) for number in range(1, 31) for seconds, name in ((0, f"{number}"), (number, ""))]
    found = timeline(*begun)
    for hosts, kept in ((1, 12), (100, 12), (200, 6), (300, 4), (1000, 3)):
        names = [operation for _, operation, _, _ in spans(found, hosts)]
        assert names == [str(number) for number in range(31 - kept, 31)], hosts


def test_a_host_that_stops_without_having_begun_is_none() -> None:
    assert spans(timeline((0, "a", ""))) == []
