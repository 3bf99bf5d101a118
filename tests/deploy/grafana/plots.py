"""Draws a panel from the answers to its queries: roughly what Grafana would show, made without it."""

import math

import grafana
import svg

TIME_STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]  # seconds
LEGEND_LINE, LEGEND_LINES, LEGEND_SIZE = 13, 4, 9.5


def plot(drawing, panel, answers, box, span):
    """`answers` are the series of each target, `box` (x, y, width, height), `span` (start, end) of the run."""
    x, y, width, height = box
    drawing.rectangle(x, y, width, height, "#ffffff", "#d8d9da")
    drawing.text(x + 8, y + 18, panel["title"], 12, bold=True, width=width - 16)
    inner = (x + 8, y + 26, width - 16, height - 32)
    if not any(map(grafana.has_values, answers)):
        drawing.text(x + width / 2, y + height / 2 + 8, "no data", 12, "#9fa7b3", "middle")
        return
    PLOTS[panel["type"]](drawing, panel, answers, inner, span)


def _named(panel, answers):
    """(name, [(time, value or nan)]) of every series of the panel."""
    for target, series in zip(panel["targets"], answers):
        for one in series:
            yield grafana.legend(target, one["metric"]), [(float(at), float(value)) for at, value in one["values"]]


def _last(points):
    """The newest value; nan where there is none."""
    return next((value for _, value in reversed(points) if not math.isnan(value)), math.nan)


def _colour_of(panel, name, index):
    for override in panel["fieldConfig"]["overrides"]:
        matcher, wanted = override["matcher"], override["matcher"]["options"]
        matched = name == wanted if matcher["id"] == "byName" else wanted.strip("/") in name
        for property_ in override["properties"]:
            if matched and property_["id"] == "color":
                return svg.colour(property_["value"]["fixedColor"])
    return svg.PALETTE[index % len(svg.PALETTE)]


def _by_threshold(value, thresholds):
    steps = [step for step in thresholds["steps"] if step["value"] is None or value >= step["value"]]
    return svg.colour(steps[-1]["color"])


def _time_axis(drawing, left, right, bottom, span):
    length = span[1] - span[0]
    step = next((step for step in TIME_STEPS if length / step < 6), TIME_STEPS[-1])
    for at in range(0, int(length) + 1, step):
        place = left + (right - left) * at / length
        drawing.text(place, bottom + 12, f"{at // 60}:{at % 60:02d}", 9, "#6b7280", "middle")


def _time_series(drawing, panel, answers, box, span):
    x, y, width, height = box
    series = list(_named(panel, answers))
    legend = _legend([name for name, _ in series], width)
    left, right, top, bottom = x + 52, x + width - 6, y + 6, y + height - 18 - LEGEND_LINE * len(legend)
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    lines = _stacked(series) if stacked else [points for _, points in series]
    limits = [step for step in defaults["thresholds"]["steps"][1:]] if defaults["custom"]["thresholdsStyle"]["mode"] != "off" else []
    low, high, marks = _range(lines, defaults, [step["value"] for step in limits])

    def place(at, value):
        return left + (right - left) * (at - span[0]) / (span[1] - span[0]), bottom - (bottom - top) * (value - low) / (high - low)

    for mark in marks:
        drawing.line(left, place(span[0], mark)[1], right, place(span[0], mark)[1], "#e5e7eb")
        drawing.text(left - 5, place(span[0], mark)[1] + 3, svg.number(mark, defaults["unit"]), 9, "#6b7280", "end")
    _time_axis(drawing, left, right, bottom, span)
    below = [(at, 0.0) for at, _ in lines[0]] if stacked and lines else []
    for index, ((name, _), points) in enumerate(zip(series, lines)):
        colour = _colour_of(panel, name, index)
        if stacked:
            drawing.area([place(*p) for p in points] + [place(*p) for p in reversed(below)], colour)
            below = points
        else:
            for piece in _pieces(points):
                drawing.path([place(*point) for point in piece], colour)
    for line, entries in enumerate(legend):
        for index, offset, name in entries:
            row = bottom + 20 + LEGEND_LINE * line
            if index is not None:
                drawing.rectangle(x + offset, row, 9, 4, _colour_of(panel, name, index))
            drawing.text(x + offset + 12, row + 6, name, LEGEND_SIZE, width=width - offset - 12)
    for step in limits:
        drawing.line(left, place(0, step["value"])[1], right, place(0, step["value"])[1], svg.colour(step["color"]), dashed=True)


def _legend(names, width):
    """Lines of (index of the series, where it begins, name): as many as fit into LEGEND_LINES lines."""
    lines, offset = [[]], 0
    for index, name in enumerate(names):
        needed = 24 + svg.width(name, LEGEND_SIZE)
        if lines[-1] and offset + needed > width:
            if len(lines) == LEGEND_LINES:
                lines[-1][-1:] = [(None, lines[-1][-1][1], f"and {len(names) - index + 1} more")]
                break
            lines.append([])
            offset = 0
        lines[-1].append((index, offset, name))
        offset += needed
    return lines


def _stacked(series):
    """Each series on top of those before it, at all times that any of them has."""
    times = sorted({at for _, points in series for at, _ in points})
    sums, lines = dict.fromkeys(times, 0.0), []
    for _, points in series:
        for at, value in points:
            sums[at] += 0 if math.isnan(value) else value
        lines.append([(at, sums[at]) for at in times])
    return lines


def _pieces(points):
    """The parts of a line between gaps."""
    piece, before = [], None
    for at, value in points:
        if math.isnan(value) or (before is not None and at - before > 5):
            yield piece
            piece = []
        if not math.isnan(value):
            piece.append((at, value))
        before = at
    yield piece


def _range(lines, defaults, limits):
    values = [value for points in lines for _, value in points if not math.isnan(value)] + limits
    low, high = defaults.get("min", min(values)), max(values)
    if high - low <= 1e-9 * max(1, abs(high)):
        low, high = (0, high * 1.25 or 1) if low >= 0 else (low - 1, high + 1)
    marks = svg.ticks(low, high, defaults["unit"])
    return marks[0], marks[-1], marks


def _stat(drawing, panel, answers, box, _):
    x, y, width, height = box
    entries = [(name, _last(points)) for name, points in _named(panel, answers)][:4]
    defaults, row = panel["fieldConfig"]["defaults"], height / len(entries)
    for index, (name, value) in enumerate(entries):
        middle = y + row * (index + 0.5)
        shown = svg.number(value, defaults["unit"])
        size = min(26, row * 0.6, (width - svg.width(name, 11)) / (len(shown) * 0.7))
        drawing.text(x + width, middle + size / 3, shown, size, _by_threshold(value, defaults["thresholds"]), "end", bold=True)
        drawing.text(x, middle + 4, name, 9.5, "#6b7280")


def _table(drawing, panel, answers, box, _):
    x, y, width, height = box
    organise = panel["transformations"][-1]["options"]
    fields, rows = _cells(panel, answers)
    left = x
    for field in (field for field in fields if field not in organise["excludeByName"]):
        title = organise["renameByName"].get(field, field)
        style = _column_style(panel, title)
        cells = [_cell(row.get(field, ""), style) for row in rows[: int((height - 20) / 18)]]
        drawing.text(left, y + 12, title, 10, "#3274d9", bold=True)
        for line, (words, colour) in enumerate(cells):
            drawing.text(left, y + 32 + 18 * line, words, 10, colour, width=x + width - left)
        left += 16 + svg.width(max([title + " ", *(words for words, _ in cells)], key=len), 10.5)


def _cell(value, style):
    """The words of a cell and their colour."""
    if not isinstance(value, float):
        return value, "#24292e"
    colour = _by_threshold(value, style["thresholds"]) if "thresholds" in style else "#24292e"
    return svg.number(value, style.get("unit", "none")), colour


def _cells(panel, answers):
    """Fields and rows, joined over the labels as the merge transformation does."""
    values = [f"Value #{target['refId']}" for target in panel["targets"]] if len(answers) > 1 else ["Value"]
    rows, labels = {}, []
    for field, series in zip(values, answers):
        for one in series:
            labels += [label for label in one["metric"] if label not in labels]
            key = one["metric"].get("job_id", "") + one["metric"].get("rank", "") or str(one["metric"])
            row = rows.setdefault(key, {})
            row.update(one["metric"])
            row[field] = _last([(at, float(value)) for at, value in one["values"]])
    return labels + values, list(rows.values())


def _column_style(panel, title):
    return {
        property_["id"]: property_["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == title
        for property_ in override["properties"]
    }


def _heat_map(drawing, panel, answers, box, span):
    x, y, width, height = box
    left, right, top, bottom = x + 52, x + width - 6, y + 6, y + height - 20
    rows = sorted(_named(panel, answers), key=lambda row: float(row[0]))
    counts, before = [], {}
    for name, points in rows:  # buckets are cumulative
        counts.append((name, {at: value - before.get(at, 0) for at, value in points}))
        before = dict(points)
    counts = _worth_showing(counts)
    most = max((value for _, row in counts for value in row.values()), default=0) or 1
    step, cell = (bottom - top) / len(counts), (right - left) / (span[1] - span[0])
    for index, (name, row) in enumerate(counts):
        upper = bottom - step * (index + 1)
        for at, value in row.items():
            if value > 0.01 * most:
                shade = int(235 - 200 * (value / most) ** 0.5)
                drawing.rectangle(left + cell * (at - span[0]), upper, cell + 0.3, step - 1, f"rgb(240,{shade},{shade // 2})")
        if index % (len(counts) // 6 + 1) == 0:
            label = "∞" if name == "+Inf" else svg.number(float(name), "s")
            drawing.text(left - 5, upper + step / 2 + 3, "≤ " + label, 9, "#6b7280", "end")
    _time_axis(drawing, left, right, bottom, span)


def _worth_showing(counts):
    """The buckets from the first to the last one with something in it."""
    used = [index for index, (_, row) in enumerate(counts) if any(value > 0 for value in row.values())]
    return counts[used[0] : used[-1] + 1] if used else counts[:1]


def _state_timeline(drawing, panel, answers, box, span):
    x, y, width, height = box
    left, right, bottom = x + 190, x + width - 6, y + height - 18
    rows = list(_named(panel, answers))
    step, second = (bottom - y) / len(rows), (right - left) / (span[1] - span[0])
    for index, (name, points) in enumerate(rows):
        drawing.text(left - 6, y + step * (index + 0.5) + 3, name, 9, "#24292e", "end", width=184)
        for at, _ in points:
            place = left + second * (at - span[0])
            drawing.rectangle(place, y + step * index + 1, second + 0.3, step - 2, _colour_of(panel, name, index))
    _time_axis(drawing, left, right, bottom, span)


PLOTS = {
    "timeseries": _time_series,
    "stat": _stat,
    "table": _table,
    "heatmap": _heat_map,
    "state-timeline": _state_timeline,
}
