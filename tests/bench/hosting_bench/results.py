"""What a measurement hands over, and how it is written: JSON with every value, Markdown with medians."""

import json
from dataclasses import dataclass, field

from . import arithmetic


def number(value):
    """Three digits that matter, but no integer digit is lost."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text if "e" not in text else f"{value:.6f}"


@dataclass
class Row:
    """One thing measured once in each round."""

    name: str
    unit: str
    values: list
    note: str = ""

    def shown(self):
        found = arithmetic.summary(self.values)
        spread = f"±{found.spread * 50:.1f}%" if found.count > 1 else ""
        return f"| {self.name} | {number(found.median)} | {self.unit} | {spread} | {found.count} | {self.note} |"

    def plain(self):
        found = arithmetic.summary(self.values)
        return {"name": self.name, "unit": self.unit, "values": self.values, "median": found.median,
                "least": found.least, "most": found.most, "spread": found.spread, "note": self.note}


@dataclass
class Goal:
    """A ratio (or a size) and its bound; the median of the rounds counts."""

    number: str
    what: str
    values: list
    relation: str  # ">=" or "<="
    bound: float
    unit: str = ""
    missing: str = ""  # why there are no values

    @property
    def is_met(self):
        if not self.values:
            return None
        middle = arithmetic.median(self.values)
        return middle >= self.bound if self.relation == ">=" else middle <= self.bound

    def shown(self):
        bound = f"{self.relation} {number(self.bound)} {self.unit}".rstrip()
        if not self.values:
            return f"| {self.number} | {self.what} | not measured: {self.missing} | {bound} | |"
        found = arithmetic.summary(self.values)
        extremes = f" ({number(found.least)} to {number(found.most)})" if found.count > 1 else ""
        return (f"| {self.number} | {self.what} | {number(found.median)} {self.unit}".rstrip() + extremes
                + f" | {bound} | {'yes' if self.is_met else 'no'} |")

    def plain(self):
        return {"goal": self.number, "what": self.what, "values": self.values, "relation": self.relation,
                "bound": self.bound, "unit": self.unit, "is_met": self.is_met, "missing": self.missing}


@dataclass
class Measured:
    """The outcome of one measurement."""

    name: str
    title: str
    rows: list
    goals: list
    plots: dict = field(default_factory=dict)  # file name -> SVG
    remarks: list = field(default_factory=list)


def markdown(about, measured):
    lines = ["# Measured", "", *[f"- {name}: {value}" for name, value in about.items()], "", "## Goals", "",
             "| goal | what | measured, median of the rounds (least to most) | bound | reached |", "|---|---|---|---|---|",
             *[goal.shown() for one in measured for goal in one.goals]]
    for one in measured:
        lines += ["", f"## {one.title}", ""]
        if one.rows:
            lines += ["| what | median | unit | spread | rounds | |", "|---|---|---|---|---|---|",
                      *[row.shown() for row in one.rows]]
        lines += [f"\n{remark}" for remark in one.remarks]
        lines += [f"\n![{one.title}]({file})" for file in one.plots]
    return "\n".join(lines) + "\n"


def write(folder, about, measured):
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"about": about, "measured": [
        {"name": one.name, "title": one.title, "rows": [row.plain() for row in one.rows],
         "goals": [goal.plain() for goal in one.goals], "remarks": one.remarks} for one in measured]}
    (folder / "results.json").write_text(json.dumps(plain, indent=1) + "\n")
    (folder / "results.md").write_text(markdown(about, measured))
    for one in measured:
        for file, drawing in one.plots.items():
            (folder / file).write_text(drawing)
