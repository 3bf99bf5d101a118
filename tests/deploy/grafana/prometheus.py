"""A real Prometheus that scrapes a cluster every second, with the project's rules, for the time of a `with` block."""

import json
import pathlib
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from daemon import Daemon, free_address  # noqa: E402
from waiting import wait_until  # noqa: E402

RULES = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "prometheus" / "rules"
SKIPPED = 77


def require():
    """Ends the test as skipped where Prometheus is not installed."""
    if not shutil.which("prometheus"):
        print("skipped: prometheus is not installed (scripts/setup installs it)")
        sys.exit(SKIPPED)


class Prometheus:
    def __init__(self, folder, targets):
        self._folder = pathlib.Path(folder).resolve()
        self._targets = targets
        self._address = free_address()
        self._daemon = None
        self.started = 0.0  # when every target had been scraped

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.json"  # JSON is YAML
        config.write_text(json.dumps(self._config()))
        data = self._folder / "data"
        command = ["prometheus", "--config.file", config, "--storage.tsdb.path", data, "--web.listen-address", self._address]
        self._daemon = Daemon(command, self._address, self._folder / "log")
        try:
            self._daemon.await_ready()
            wait_until(self._has_scraped, 60, f"Prometheus has scraped {self._targets}")
        except BaseException:
            self.__exit__()
            raise
        self.started = time.time()
        return self

    def __exit__(self, *_):
        self._daemon.stop()

    def _config(self):
        jobs = [
            {"job_name": name, "static_configs": [{"targets": addresses}]} for name, addresses in self._targets.items()
        ]
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES / "*.yaml")],
            "scrape_configs": jobs,
        }

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
