"""Builders of the panels that the dashboards use, as the classic JSON that Grafana reads.

A query is `query(expression, legend)`. In an expression, TARGETS, JOBS and RANKS stand for the matchers of the variables:
`simclr_train_loss{JOBS}`. Every builder takes title, description, unit and queries; `width` is in Grafana's 24 columns.
"""

import copy
import re

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"
JOB_PHASES = (("blocked", "#8f8f8f"), ("queued", ORANGE), ("starting", "light-blue"), ("running", GREEN),
              ("stopping", "yellow"), ("paused", "purple"), ("succeeded", "dark-green"), ("failed", RED),
              ("cancelled", "dark-orange"))
MAY_BE_EMPTY = "May be empty: "


TARGETS = 'job=~"$job", instance=~"$instance"'
JOBS = f'{TARGETS}, job_id=~"$job_id"'
RANKS = f'{JOBS}, rank=~"$rank"'


def query(expression, legend=""):
    for word, matchers in (("TARGETS", TARGETS), ("JOBS", JOBS), ("RANKS", RANKS)):
        expression = re.sub(rf"\b{word}\b", matchers, expression)
    return {"expr": expression, "legendFormat": legend}


def total(kind, selector, by=""):
    """The sum of the rates ("rate") or increases ("increase") of counters, for each value of the labels `by`."""
    grouped = f"sum by ({by}) " if by else "sum"
    return f"{grouped}({kind}({selector}[$__rate_interval]))"


def quantiles(histogram, by=(), legend="", shares=(0.5, 0.95)):
    """Queries for quantiles of a histogram's recent observations, for each value of the labels `by`."""
    labels = ", ".join((*by, "le"))
    return [
        query(f"histogram_quantile({share}, {total('rate', histogram, labels)})", f"{legend} p{share * 100:.0f}".strip())
        for share in shares
    ]


def _panel(kind, title, description, unit, queries, width, height, may_be_empty, defaults, options):
    if may_be_empty:
        description = f"{description} {MAY_BE_EMPTY}{may_be_empty}."
    targets = [
        {"refId": chr(ord("A") + index), "datasource": DATA_SOURCE, "range": True, "instant": False, **target}
        for index, target in enumerate(queries)
    ]
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATA_SOURCE,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {"defaults": {"unit": unit, **defaults}, "overrides": []},
        "options": options,
        "targets": targets,
    }


def _thresholds(steps):
    """Colours from (value, colour) pairs; the first one is the colour below all values."""
    (_, base), *others = steps
    colours = [{"value": None, "color": base}] + [{"value": value, "color": colour} for value, colour in others]
    return {"thresholds": {"mode": "absolute", "steps": colours}}


def time_series(title, description, unit, queries, width=8, height=8, stack=False, lines=(), colours=(),
                least=None, most=None, decimals=None, may_be_empty=""):
    """Lines over time. `stack` fills and stacks them, `lines` are (value, colour) thresholds drawn as lines, `colours`
    maps names of series to colours."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stack else 8,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if lines else "off"},
    }
    defaults = {"custom": custom, **_thresholds([(None, GREEN), *lines])}
    for name, value in (("min", least), ("max", most), ("decimals", decimals)):
        if value is not None:
            defaults[name] = value
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel = _panel("timeseries", title, description, unit, queries, width, height, may_be_empty, defaults, options)
    panel["fieldConfig"]["overrides"] = [
        _override(name, "color", {"mode": "fixed", "fixedColor": colour}) for name, colour in colours
    ]
    return panel


def stat(title, description, unit, queries, thresholds=((None, BLUE),), width=4, height=4, decimals=None, may_be_empty=""):
    """Numbers of this moment, coloured by thresholds."""
    defaults = _thresholds(thresholds)
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
        "orientation": "auto",
    }
    now = [{**target, "instant": True, "range": False} for target in queries]
    return _panel("stat", title, description, unit, now, width, height, may_be_empty, defaults, options)


def table(title, description, unit, columns, width=12, height=8, labels=(), may_be_empty=""):
    """A row for each set of labels. `columns` are (name, query, unit, thresholds): a column of numbers each, hidden where
    the name is None; thresholds may be None. `labels` are (label, name of its column)."""
    queries = [{**target, "format": "table", "instant": True, "range": False} for _, target, _, _ in columns]
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    defaults = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}}}
    panel = _panel("table", title, description, unit, queries, width, height, may_be_empty, defaults, options)
    single = len(columns) == 1
    values = {"Value" if single else f"Value #{chr(ord('A') + i)}": column[0] for i, column in enumerate(columns)}
    named = {field: name for field, name in {**dict(labels), **values}.items() if name}
    hidden = {"Time": True, **{field: True for field, name in values.items() if not name}}
    panel["transformations"] = ([] if single else [{"id": "merge", "options": {}}]) + [
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": named}}
    ]
    for name, _, column_unit, thresholds in columns:
        if name:
            panel["fieldConfig"]["overrides"] += _column(name, column_unit, thresholds)
    return panel


def _column(name, unit, thresholds):
    yield _override(name, "unit", unit)
    if thresholds:
        override = _override(name, "thresholds", _thresholds(thresholds)["thresholds"])
        override["properties"].append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
        yield override


def heat_map(title, description, unit, queries, width=8, height=8, may_be_empty=""):
    """How observations spread over a histogram's buckets; the query's labels are `le` alone."""
    cells = [{**target, "format": "heatmap", "legendFormat": "{{le}}"} for target in queries]
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"unit": unit, "axisPlacement": "left"},
    }
    return _panel("heatmap", title, description, unit, cells, width, height, may_be_empty, {}, options)


def state_timeline(title, description, queries, colours, unit="none", width=24, height=6, may_be_empty=""):
    """A band for each series while it has a value; `colours` maps a part of a series' name to its colour."""
    custom = {"fillOpacity": 80, "lineWidth": 0}
    options = {
        "mergeValues": True,
        "showValue": "never",
        "rowHeight": 0.8,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single"},
    }
    defaults = {"custom": custom, "color": {"mode": "fixed", "fixedColor": BLUE}}
    panel = _panel("state-timeline", title, description, unit, queries, width, height, may_be_empty, defaults, options)
    panel["fieldConfig"]["overrides"] = [
        _override(f"/{part}/", "color", {"mode": "fixed", "fixedColor": colour}, matcher="byRegexp")
        for part, colour in colours
    ]
    return panel


def _override(name, identifier, value, matcher="byName"):
    return {"matcher": {"id": matcher, "options": name}, "properties": [{"id": identifier, "value": value}]}


def with_link(panel, title, url):
    """The panel with a link on its values."""
    linked = copy.deepcopy(panel)
    linked["fieldConfig"]["defaults"]["links"] = [{"title": title, "url": url}]
    return linked
