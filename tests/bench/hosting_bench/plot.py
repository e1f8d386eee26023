"""Small drawings in SVG: bars, lines, and how values are distributed."""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50  # of the frame within which lines are drawn
BAR_LABEL, BAR_HEIGHT = 290, 24
COLOURS = ("#2563a6", "#c2571a", "#3d8b40", "#8a4f9e", "#7a7a7a", "#b8912a")


def _text(x, y, words, anchor="start", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def _drawing(height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">'
            f'<rect x="0" y="0" width="{WIDTH}" height="{height}" fill="white"/>'
            + _text(WIDTH / 2, 22, title, "middle", 15) + "".join(parts) + "</svg>\n")


def _number(value):
    """Three digits that count, and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bars(title, unit, values):
    """A bar for each (name, value)."""
    most = max(value for _, value in values) or 1
    room = WIDTH - BAR_LABEL - 130
    parts = []
    for index, (name, value) in enumerate(values):
        y = TOP + index * BAR_HEIGHT
        parts.append(_text(BAR_LABEL - 8, y + 14, name, "end"))
        parts.append(f'<rect x="{BAR_LABEL}" y="{y}" width="{room * value / most:.1f}" height="{BAR_HEIGHT - 6}" '
                     f'fill="{COLOURS[0]}"/>')
        parts.append(_text(BAR_LABEL + room * value / most + 6, y + 14, f"{_number(value)} {unit}"))
    return _drawing(TOP + len(values) * BAR_HEIGHT + 10, title, parts)


def lines(title, x_name, y_name, series):
    """A line through the points (x, y) of each series; both axes begin at zero."""
    points = [point for one in series.values() for point in one]
    right, top = max(x for x, _ in points) or 1, max(y for _, y in points) or 1
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = [f'<rect x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" fill="none" stroke="#999"/>',
             _text(LEFT, HEIGHT - BOTTOM + 18, "0", "middle"),
             _text(LEFT + wide, HEIGHT - BOTTOM + 18, _number(right), "end"),
             _text(LEFT - 6, TOP + 10, _number(top), "end"), _text(LEFT - 6, TOP + high, "0", "end"),
             _text(LEFT + wide / 2, HEIGHT - 14, x_name, "middle"), _text(8, TOP - 8, y_name)]
    for index, (name, one) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{LEFT + wide * x / right:.1f},{TOP + high * (1 - y / top):.1f}" for x, y in sorted(one))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + high - 20 - 16 * index  # where neither flat lines nor distributions are
        parts.append(f'<rect x="{LEFT + wide - 20}" y="{y}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(LEFT + wide - 26, y + 9, name, "end"))
    return _drawing(HEIGHT, title, parts)


def steps(title, unit, series):
    """For each series: how many percent of its values are at most x."""
    def shares(values):
        ordered = sorted(values)
        return [(value, 100 * (index + 1) / len(ordered)) for index, value in enumerate(ordered)]
    return lines(title, unit, "% are at most", {name: shares(values) for name, values in series.items()})
