"""What the benchmark computes, and how it says it."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hosting_bench import arithmetic, plot, results  # noqa: E402


def test_the_median_lies_in_the_middle():
    assert arithmetic.median([3, 1, 2]) == 2
    assert arithmetic.median([4, 1, 3, 2]) == 2.5
    with pytest.raises(ValueError):
        arithmetic.median([])


def test_a_percentile_is_a_value_that_was_measured():
    values = list(range(1, 101))
    assert arithmetic.percentile(values, 50) == 50
    assert arithmetic.percentile(values, 99) == 99
    assert arithmetic.percentile(values, 100) == 100
    assert arithmetic.percentile([7], 1) == 7
    assert arithmetic.percentile([1, 2, 3, 9], 99) == 9
    for values, percent in (([], 50), ([1], 0), ([1], 101)):
        with pytest.raises(ValueError):
            arithmetic.percentile(values, percent)


def test_ratios_are_those_of_the_same_round():
    assert arithmetic.paired_ratios([2, 30], [1, 10]) == [2, 3]
    with pytest.raises(ValueError):
        arithmetic.paired_ratios([1, 2], [1])


def test_growth_goes_from_the_smallest_size_to_the_largest():
    assert arithmetic.growth([(100, 1100), (1, 110), (50, 9999)]) == 10
    with pytest.raises(ValueError):
        arithmetic.growth([(5, 1), (5, 2)])


def test_the_spread_is_a_share_of_the_median():
    found = arithmetic.summary([8, 10, 13])
    assert (found.median, found.least, found.most, found.count) == (10, 8, 13, 3)
    assert found.spread == 0.5
    assert arithmetic.summary([0, 0]).spread == 0
    assert arithmetic.summary([-2, -1, -4]).spread == 1.5


def test_a_goal_is_reached_at_its_bound():
    assert results.Goal("1", "x", [0.9], ">=", 0.9).is_met
    assert not results.Goal("1", "x", [0.89], ">=", 0.9).is_met
    assert results.Goal("2", "x", [1.03, 9, 1], "<=", 1.03).is_met
    assert not results.Goal("2", "x", [1.04], "<=", 1.03).is_met


def test_what_was_not_measured_says_so():
    goal = results.Goal("6", "x", [], "<=", 30, missing="no endpoint")
    assert goal.is_met is None
    text = results.markdown({}, [results.Measured("pickup", "Pick-up", [], [goal])])
    assert "not measured: no endpoint" in text and "reached" not in text.split("x |")[1]


def test_rows_show_median_and_spread():
    row = results.Row("daemon", "commands/s", [100, 110, 120], "a note")
    text = results.markdown({"processors": 2}, [results.Measured("throughput", "Throughput", [row], [])])
    assert "| daemon | 110 | commands/s | ±9.1% | 3 | a note |" in text
    assert "processors: 2" in text


def test_numbers_have_three_digits_that_matter():
    assert [results.number(value) for value in (0, 0.01234, 1.2345, 123.4, 1234.5, 0.5, -2.5)] == \
        ["0", "0.0123", "1.23", "123", "1234", "0.5", "-2.5"]


@pytest.mark.parametrize("drawn", [
    plot.bars("A & B", "s", [("one <1>", 1.0), ("two", 0.0)]),
    plot.lines("Memory", "sites", "MiB", {"daemon": [(1, 2.0), (10, 4.0)], "flat": [(1, 0.0), (10, 0.0)]}),
    plot.steps("Pick-up", "ms", {"poll": [5.0, 1.0, 3.0]}),
])
def test_plots_are_drawings_with_their_texts(drawn):
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    numbers = [float(value) for element in root.iter() for name, value in element.attrib.items()
               if name in ("x", "y", "x1", "y1", "width", "height")]
    assert all(0 <= value <= 2000 for value in numbers)
