"""A dashboard as classic Grafana JSON: variables, links, and rows whose panels flow from left to right."""

import copy

from source.panels import DATA_SOURCE

SCHEMA_VERSION = 39  # Grafana 11's; newer servers migrate it when they load it
COLUMNS = 24
DCGM = {
    "type": "link",
    "icon": "external link",
    "title": "GPUs (DCGM exporter, 12239)",
    "tooltip": "NVIDIA's own dashboard, for clusters that run the DCGM exporter",
    "url": "https://grafana.com/grafana/dashboards/12239",
    "targetBlank": True,
}


def query_variable(name, label, definition, all_value=None):
    """A variable whose values come from a query; several may be chosen, or all: then `all_value` is the expression that
    stands for them, by default the list of them."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATA_SOURCE,
        "query": definition,
        "definition": definition,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": all_value,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "hide": 0,
    }


def _data_source_variable():
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "options": [],
        "hide": 0,
        "refresh": 1,
        "multi": False,
        "includeAll": False,
    }


def _variables(more):
    return [
        _data_source_variable(),
        query_variable("job", "Job", "label_values(simclr_build_info, job)", ".+"),
        query_variable("instance", "Instance", 'label_values(simclr_build_info{job=~"$job"}, instance)', ".+"),
        *more,
    ]


def _links(more):
    between = {
        "type": "dashboards",
        "title": "SimCLR",
        "tags": ["simclr"],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "dashboard",
        "url": "",
    }
    return [between, *more]


def _placed(rows):
    """The panels of the rows with ids and positions; a row is (title, panels)."""
    placed, top = [], 0
    for title, panels in rows:
        heading = {"type": "row", "title": title, "collapsed": False, "panels": []}
        heading["gridPos"] = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        placed.append(heading)
        left, top, tallest = 0, top + 1, 0
        for panel in copy.deepcopy(panels):
            position = panel["gridPos"]
            if left + position["w"] > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            position.update(x=left, y=top)
            left, tallest = left + position["w"], max(tallest, position["h"])
            placed.append(panel)
        top += tallest
    return [{"id": number, **panel} for number, panel in enumerate(placed, 1)]


def dashboard(uid, title, description, rows, variables=(), links=()):
    return {
        "annotations": {"list": []},
        "description": description,
        "editable": True,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": _links(links),
        "panels": _placed(rows),
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["simclr"],
        "templating": {"list": _variables(variables)},
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": title,
        "uid": uid,
        "version": 1,
        "weekStart": "",
    }
