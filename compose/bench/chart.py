"""Curves over time as an SVG file that a browser and a README show alike."""

from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 150  # of one panel's plot
LEFT, TOP, RIGHT, BOTTOM = 70, 34, 20, 34
COLOURS = ("#0b6e4f", "#b3261e")
POINTS_MAX = 400  # of one curve


@dataclass(frozen=True)
class Panel:
    """Curves with one scale: name -> [(seconds, value)], and when the outage was."""

    title: str
    curves: dict
    outage: tuple


def svg(columns):
    """Panels side by side in columns, as the text of an SVG."""
    width = len(columns) * (LEFT + WIDTH + RIGHT)
    height = max(map(len, columns)) * (TOP + HEIGHT + BOTTOM)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for x, column in enumerate(columns):
        for y, panel in enumerate(column):
            left = x * (LEFT + WIDTH + RIGHT) + LEFT
            top = y * (TOP + HEIGHT + BOTTOM) + TOP
            lines += [f'<g transform="translate({left},{top})">', *_panel(panel), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(panel):
    points = [point for curve in panel.curves.values() for point in curve]
    seconds = max(t for t, _ in points) or 1
    most = round_up(max(v for _, v in points))

    def place(t, value):
        return f"{t / seconds * WIDTH:.1f},{HEIGHT - value / most * HEIGHT:.1f}"

    began, ended = (t / seconds * WIDTH for t in panel.outage)
    yield f'<text x="0" y="-18" font-weight="bold">{escape(panel.title)}</text>'
    yield (
        f'<rect x="{began:.1f}" y="0" width="{ended - began:.1f}" height="{HEIGHT}"'
        ' fill="#eeeeee"/>'
    )
    for part in range(3):
        y, value = HEIGHT * (1 - part / 2), most * part / 2
        yield f'<path d="M0,{y:.1f}H{WIDTH}" stroke="#cccccc"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>'
    for place_x, anchor, t in ((0, "start", 0), (WIDTH, "end", seconds)):
        yield f'<text x="{place_x}" y="{HEIGHT + 16}" text-anchor="{anchor}">{t:.0f} s</text>'
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        thin = curve[:: -(-len(curve) // POINTS_MAX)]
        path = " ".join(place(*point) for point in thin)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        yield (
            f'<text x="{WIDTH}" y="{-18 + 12 * number}" text-anchor="end" fill="{colour}">'
            f"{escape(name)}</text>"
        )


def round_up(value):
    """The next 1, 2 or 5 times a power of ten; at least 1."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= value:
                return factor * step
        step *= 10
