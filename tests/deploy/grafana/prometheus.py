"""A real Prometheus that scrapes a cluster every second, with the project's rules, for the time of a `with` block."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from cluster import wait_until

RULES = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "prometheus" / "rules"
SKIPPED = 77


def require():
    """Ends the test as skipped where Prometheus is not installed."""
    if not shutil.which("prometheus"):
        print("skipped: prometheus is not installed (scripts/setup installs it)")
        sys.exit(SKIPPED)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, folder, targets):
        self._folder = pathlib.Path(folder).resolve()
        self._targets = targets
        self._process = None
        self._address = ""
        self.started = 0.0  # when every target had been scraped

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.json"  # JSON is YAML
        config.write_text(json.dumps(self._config()))
        self._address = f"127.0.0.1:{_free_port()}"
        arguments = ["--config.file", config, "--storage.tsdb.path", self._folder / "data", "--web.listen-address", self._address]
        with open(self._folder / "log", "w", encoding="utf-8") as log:
            self._process = subprocess.Popen(["prometheus", *map(str, arguments)], stdout=log, stderr=log)
        try:
            wait_until(self._is_ready, 60, f"Prometheus is ready, see {self._folder / 'log'}")
            wait_until(self._has_scraped, 60, f"Prometheus has scraped {self._targets}")
        except BaseException:
            self.__exit__()
            raise
        self.started = time.time()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)

    def _config(self):
        jobs = [
            {"job_name": name, "static_configs": [{"targets": addresses}]} for name, addresses in self._targets.items()
        ]
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES / "*.yaml")],
            "scrape_configs": jobs,
        }

    def _is_ready(self):
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _has_scraped(self):
        return sum(self.newest("up").values()) == sum(map(len, self._targets.values()))

    def _get(self, path, **parameters):
        data = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}?{data}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from None

    def query_range(self, expression, start, end, step=1):
        """The series, as the API gives them: {"metric": labels, "values": [[time, text], ...]}. ValueError says what is
        wrong with the expression."""
        return self._get("query_range", query=expression, start=start, end=end, step=step)["result"]

    def label_values(self, selector, label, start, end):
        """As Grafana asks for the values of a variable."""
        return self._get(f"label/{label}/values", **{"match[]": selector, "start": start, "end": end})

    def newest(self, expression):
        """The numbers of this moment, by their labels."""
        result = self._get("query", query=expression)["result"]
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in result}
