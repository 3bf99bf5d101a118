"""Draws the dashboards from the results of a live test, for the documents. Not Grafana's own pictures, and they say so.

Usage: pictures.py RESULTS FOLDER    RESULTS is what live_test.py --save wrote; FOLDER gets an SVG a dashboard
"""

import json
import pathlib
import sys

import grafana
import plots
import svg

COLUMN, UNIT, TOP = 52, 30, 62
NOTE = "Rendered from query results by tests/deploy/grafana/pictures.py, not by Grafana."
RUN = "%.0f s of a real run: pre-training on two ranks, then linear evaluation. Numbers and tables show the last value."
SHORT_SECONDS = 30  # what is drawn of the evaluation: the end


def picture(board, told, span):
    height = TOP + UNIT * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"]) + 8
    drawing = svg.Drawing(COLUMN * 24 + 8, height)
    drawing.text(12, 28, board["title"], 20, bold=True)
    drawing.text(12, 48, f"{NOTE} {RUN % (span[1] - span[0])}", 11)
    answered = iter(told["panels"])
    for panel in board["panels"]:
        place = panel["gridPos"]
        x, y = 4 + COLUMN * place["x"], TOP + UNIT * place["y"]
        if panel["type"] == "row":
            drawing.text(x + 8, y + 20, panel["title"], 14, "#3274d9", bold=True)
            continue
        answers = [_since(span[0], target["all"]["series"]) for target in next(answered)["targets"]]
        box = (x + 3, y + 3, COLUMN * place["w"] - 6, UNIT * place["h"] - 6)
        plots.plot(drawing, panel, answers, box, span)
    return str(drawing)


def _since(start, series):
    return [{**one, "values": [value for value in one["values"] if value[0] >= start]} for one in series]


def main():
    recorded = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for board, told in zip(grafana.dashboards(), recorded["dashboards"]):
        name = board["uid"].removeprefix("simclr-")
        start = recorded["end"] - SHORT_SECONDS if name == "evaluation" else recorded["start"]
        (folder / f"{name}.svg").write_text(picture(board, told, (start, recorded["end"])))


if __name__ == "__main__":
    main()
