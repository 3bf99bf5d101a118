"""A small writer of SVG, and how numbers are written next to axes."""

import html
import math

PALETTE = ["#3274d9", "#56a64b", "#e08e0b", "#c4162a", "#8f3bb8", "#1f9e9e", "#a16207", "#6b7280", "#d6409f", "#4d7c0f"]
NAMED = {"green": "#56a64b", "orange": "#e08e0b", "red": "#c4162a", "blue": "#3274d9", "yellow": "#d4a807",
         "purple": "#8f3bb8", "light-blue": "#8ab8ff", "dark-blue": "#1f3f99", "light-orange": "#ffcb7d",
         "dark-green": "#37872d", "dark-orange": "#a65a00"}
CHARACTER = 0.55  # width of one, as a share of the font's size; about right for a sans-serif


class Drawing:
    def __init__(self, width, height):
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Arial, sans-serif">'
        )
        self._parts = []
        self.rectangle(0, 0, width, height, "#f4f5f5")

    def rectangle(self, x, y, width, height, fill, stroke="none"):
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{stroke}"/>'
        )

    def line(self, x1, y1, x2, y2, colour, dashed=False):
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        self._parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}"{dashes}/>')

    def path(self, points, colour):
        if len(points) == 1:
            x, y = points[0]
            self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>')
        elif points:
            self._parts.append(f'<path d="M{_joined(points)}" fill="none" stroke="{colour}" stroke-width="1.4"/>')

    def area(self, points, colour):
        self._parts.append(f'<path d="M{_joined(points)}Z" fill="{colour}" fill-opacity="0.7" stroke="{colour}"/>')

    def text(self, x, y, words, size=11, colour="#24292e", anchor="start", bold=False, width=0):
        """`width` cuts off what would be longer."""
        if width:
            room = max(1, int(width / (size * CHARACTER)))
            words = words if len(words) <= room else words[: room - 1] + "…"
        weight = ' font-weight="bold"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>'
            f"{html.escape(words)}</text>"
        )

    def __str__(self):
        return "\n".join([self._head, *self._parts, "</svg>", ""])


def _joined(points):
    """Without the points inside of level stretches."""
    heights = [f"{y:.1f}" for _, y in points]
    kept = [i for i in range(len(points)) if not 0 < i < len(points) - 1 or not heights[i - 1] == heights[i] == heights[i + 1]]
    return "L".join(f"{points[i][0]:.1f} {heights[i]}" for i in kept)


def colour(name):
    return NAMED.get(name, name)


def number(value, unit):
    """As people write it: 1.5 KiB, 250 ms, 12 %."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        return _duration(value)
    if unit == "bytes":
        return _scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"])
    if unit in ("ops", "reqps"):
        return f"{_plain(value)}/s"
    if unit == "bool_yes_no":
        return "yes" if value else "no"
    return _plain(value)


def _plain(value):
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    return _scaled(value, 1000, ["", "k", "M", "G"]).strip() if abs(value) >= 10000 else f"{value:.4g}"


def _scaled(value, base, names):
    power = min(int(math.log(abs(value), base)) if abs(value) >= 1 else 0, len(names) - 1)
    return f"{value / base**power:.3g} {names[power]}"


def _duration(seconds):
    size = abs(seconds)
    if size and size < 1:
        return f"{1000 * seconds:.3g} ms"
    for limit, length, name in ((120, 1, "s"), (7200, 60, "min"), (2 * 86400, 3600, "h")):
        if size < limit:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds / 86400:.0f} d"


def ticks(least, most, unit="none", count=4):
    """Round numbers that cover [least, most]."""
    if unit == "bytes" and most >= 1024:
        scale = 1024 ** int(math.log(most, 1024))
        return [scale * tick for tick in ticks(least / scale, most / scale, count=count)]
    raw = (most - least) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [step * index for index in range(first, last + 1)]


def width(words, size):
    """About how wide the words are."""
    return len(words) * CHARACTER * size
