"""Medians, percentiles, ratios and growth: all that the benchmark computes."""

import math
from dataclasses import dataclass


def median(values):
    ordered = sorted(values)
    if not ordered:
        raise ValueError("the median of nothing")
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values, percent):
    """The nearest rank: the smallest value that at least so many percent of the values do not exceed."""
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values and a share of them")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def paired_ratios(above, below):
    """The ratios within each round: what slows a whole round down slows both down."""
    if len(above) != len(below):
        raise ValueError("rounds are missing")
    return [a / b for a, b in zip(above, below)]


def growth(points):
    """What one more costs, from the smallest size to the largest of (size, value)."""
    (first, low), (last, high) = min(points), max(points)
    if first == last:
        raise ValueError("growth needs two sizes")
    return (high - low) / (last - first)


@dataclass(frozen=True)
class Summary:
    """Several measurements of the same thing."""

    median: float
    least: float
    most: float
    count: int

    @property
    def spread(self):
        """How far apart the extremes are, as a share of the median."""
        return (self.most - self.least) / abs(self.median) if self.median else 0.0


def summary(values):
    values = list(values)
    return Summary(median(values), min(values), max(values), len(values))
