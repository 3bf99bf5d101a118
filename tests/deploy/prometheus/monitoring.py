"""A real Prometheus and Alertmanager with the files of deploy/, for the time of a `with` block. Only the targets are other
ones, and the intervals are a second, so that an alert needs seconds in place of minutes."""

import json
import pathlib
import re
import shutil
import urllib.parse
import urllib.request

from daemon import Daemon, free_address

DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "deploy"
INTERVALS = re.compile(r"\b(scrape_interval|evaluation_interval|for|group_wait): \w+")


def fetch(url, **parameters):
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}?{query}", timeout=30) as answer:
        return json.load(answer)


class Monitoring:
    def __init__(self, folder, targets):
        self.prometheus, self.alertmanager = free_address(), free_address()
        self._folder = pathlib.Path(folder)
        self._targets = targets
        self._daemons = []

    def __enter__(self):
        self._write_files()
        try:
            self._start_alertmanager()
            self._start_prometheus()
            for daemon in self._daemons:
                daemon.await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in self._daemons:
            daemon.stop()

    def _write_files(self):
        shutil.copytree(DEPLOY / "prometheus", self._folder / "prometheus")
        shutil.copytree(DEPLOY / "alertmanager", self._folder / "alertmanager")
        for path in self._folder.rglob("*.y*ml"):
            path.write_text(INTERVALS.sub(r"\1: 1s", path.read_text()))
        files = {
            "coordinator": self._targets["simclr-coordinator"],
            "workers": self._targets["simclr-worker"],
            "alertmanager": [self.alertmanager],
        }
        for name, addresses in files.items():
            path = self._folder / f"prometheus/targets/{name}.yaml"
            path.write_text(json.dumps([{"targets": addresses}]))  # JSON is YAML

    def _start_prometheus(self):
        config, data = self._folder / "prometheus/prometheus.yml", self._folder / "prometheus-data"
        command = ["prometheus", "--config.file", config, "--storage.tsdb.path", data, "--web.listen-address", self.prometheus]
        self._daemons.append(Daemon(command, self.prometheus, self._folder / "prometheus.log"))

    def _start_alertmanager(self):
        config, data = self._folder / "alertmanager/alertmanager.yml", self._folder / "alertmanager-data"
        command = ["prometheus-alertmanager", "--config.file", config, "--storage.path", data]
        command += ["--web.listen-address", self.alertmanager, "--cluster.listen-address="]
        self._daemons.append(Daemon(command, self.alertmanager, self._folder / "alertmanager.log"))

    def values(self, expression):
        """[(labels, number)] of this moment."""
        result = self._api("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def rules(self):
        return [rule for group in self._api("rules")["groups"] for rule in group["rules"]]

    def alerts(self, name):
        """What Prometheus says of an alert: labels and state, "pending" or "firing"."""
        return [alert for alert in self._api("alerts")["alerts"] if alert["labels"]["alertname"] == name]

    def delivered_alerts(self):
        """The names of the alerts that Alertmanager has."""
        return {alert["labels"]["alertname"] for alert in fetch(f"http://{self.alertmanager}/api/v2/alerts")}

    def _api(self, path, **parameters):
        return fetch(f"http://{self.prometheus}/api/v1/{path}", **parameters)["data"]
