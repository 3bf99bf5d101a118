"""What the chart makes, with every set of values: strictly valid for Kubernetes, and right in what Kubernetes does not
check: names that lead somewhere, selectors, certificates, network policies, monitoring.

Usage: objects_test.py
"""

import json
import unittest

import chart
import kubernetes_validate
from cases import CASES
from chart import flags_of, name, of_kind, the
from rendered import RENDERED, container_of, every_case

VERSIONS = ("1.29", "1.37")  # the oldest that Chart.yaml admits, and the newest that there are schemas of
OTHER_KINDS = {"PodMonitor", "PrometheusRule", "Certificate", "Issuer"}  # of operators; asserted on below


class Objects(unittest.TestCase):
    def test_helm_lint_has_nothing_to_say(self):
        for title, (values, _) in CASES.items():
            with self.subTest(title):
                self.assertIn("0 chart(s) failed", chart.helm("lint", values, "--strict"))

    def test_kubernetes_knows_every_field(self):
        checked = set()  # many cases have many objects in common
        for title, (_, found) in RENDERED.items():
            for one in found:
                text = json.dumps(one, sort_keys=True)
                if one["kind"] in OTHER_KINDS or text in checked:
                    continue
                checked.add(text)
                for version in VERSIONS:
                    with self.subTest(title, kind=one["kind"], version=version):
                        kubernetes_validate.validate(one, version, strict=True)

    @every_case
    def test_names_are_unique_and_short_and_in_the_namespace(self, _, found):
        names = [(one["kind"], name(one)) for one in found]
        self.assertEqual(sorted(set(names)), sorted(names))
        for one in found:
            self.assertLessEqual(len(name(one)), 52, "a StatefulSet's pods get a longer name")
            cluster_wide = one["kind"] == "PriorityClass"
            self.assertEqual(one["metadata"].get("namespace"), None if cluster_wide else chart.NAMESPACE)

    @every_case
    def test_selectors_find_the_pods_that_they_are_for(self, _, found):
        pods = {name(one): one["spec"]["template"]["metadata"]["labels"] for one in of_kind(found, "StatefulSet")}

        def selected(labels):
            return [pod for pod, own in pods.items() if labels.items() <= own.items()]

        for one in of_kind(found, "StatefulSet"):
            self.assertEqual(selected(one["spec"]["selector"]["matchLabels"]), [name(one)])
            headless = the(found, "Service", one["spec"]["serviceName"])
            self.assertEqual(headless["spec"]["clusterIP"], "None")
            self.assertEqual(selected(headless["spec"]["selector"]), [name(one)])
        for one in of_kind(found, "Service"):
            self.assertEqual(len(selected(one["spec"]["selector"])), 1)
        for one in of_kind(found, "PodDisruptionBudget", "PodMonitor"):
            self.assertEqual(selected(one["spec"]["selector"]["matchLabels"]), [name(one)])
        for one in of_kind(found, "NetworkPolicy"):
            self.assertEqual(selected(one["spec"]["podSelector"]["matchLabels"]), [name(one)])

    @every_case
    def test_a_version_is_no_reason_to_restart_pods(self, _, found):
        for one in of_kind(found, "StatefulSet"):
            labels = one["spec"]["template"]["metadata"]["labels"]
            self.assertFalse({"helm.sh/chart", "app.kubernetes.io/version"} & labels.keys())

    @every_case
    def test_agents_and_the_test_pod_call_the_service_by_a_name_in_the_certificate(self, values, found):
        service = the(found, "Service", "-coordinator")
        host = f"{name(service)}.{chart.NAMESPACE}.svc.{values['clusterDomain']}"
        port = next(port["port"] for port in service["spec"]["ports"] if port["name"] == "grpc")
        self.assertEqual(flags_of(container_of(found, "worker"))["--coordinator"], [f"{host}:{port}"])
        context = chart.yaml.safe_load(the(found, "ConfigMap", "-test")["data"]["config.yaml"])
        self.assertEqual(context["contexts"][context["current"]]["server"], f"{host}:{port}")
        for certificate in of_kind(found, "Certificate"):
            if certificate["metadata"]["labels"]["app.kubernetes.io/component"] == "coordinator":
                self.assertIn(host, certificate["spec"]["dnsNames"])
                self.assertLessEqual(set(values["tls"]["extraDnsNames"]), set(certificate["spec"]["dnsNames"]))

    @every_case
    def test_cert_manager_issues_a_certificate_for_every_worker(self, values, found):
        uris = {uri for one in of_kind(found, "Certificate") for uri in one["spec"].get("uris", [])}
        manager, worker = values["tls"]["certManager"], name(the(found, "StatefulSet", "-worker"))
        count = max(values["worker"]["replicas"], manager["workers"]) if manager["enabled"] else 0
        self.assertEqual(uris, {f"simclr://worker/{worker}-{ordinal}" for ordinal in range(count)})
        issuers = {name(one) for one in of_kind(found, "Issuer")} | {manager["issuerRef"]["name"]}
        for one in of_kind(found, "Certificate"):
            self.assertIn(one["spec"]["issuerRef"]["name"], issuers)
            if not one["spec"].get("isCA"):
                self.assertLessEqual({"server auth", "client auth"}, set(one["spec"]["usages"]))

    @every_case
    def test_network_policies_admit_what_is_needed_and_no_more(self, values, found):
        if not values["networkPolicy"]["enabled"]:
            self.assertEqual(of_kind(found, "NetworkPolicy"), [])
            return
        coordinator, worker = the(found, "NetworkPolicy", "-coordinator"), the(found, "NetworkPolicy", "-worker")
        for one in (coordinator, worker):
            self.assertEqual(one["spec"]["policyTypes"], ["Ingress", "Egress"])
        workers = {"podSelector": worker["spec"]["podSelector"]}
        self.assertEqual(coordinator["spec"]["egress"], [])
        calls = coordinator["spec"]["ingress"][0]
        first, test, *clients = calls["from"]
        self.assertEqual((first, clients), (workers, values["networkPolicy"]["clients"]))
        labels = the(found, "Pod", "-test")["metadata"]["labels"]
        self.assertLessEqual(test["podSelector"]["matchLabels"].items(), labels.items())
        self.assertEqual([port["port"] for port in calls["ports"]], ["grpc"])
        self.assertEqual(worker["spec"]["ingress"][0], {"from": [workers]}, "all ports between workers")
        self.assertIn({"to": [workers]}, worker["spec"]["egress"])
        scraped = [rule for rule in worker["spec"]["ingress"][1:] if rule["from"] == values["networkPolicy"]["monitoring"]]
        self.assertEqual(len(scraped), 1 if values["networkPolicy"]["monitoring"] else 0)

    def test_the_operators_kinds_appear_only_where_the_cluster_knows_them(self):
        for title, (values, found) in RENDERED.items():
            with self.subTest(title):
                known, monitoring = "--api-versions" in CASES[title][1], values["monitoring"]
                self.assertEqual(len(of_kind(found, "PodMonitor")), 2 if known and monitoring["podMonitor"]["enabled"] else 0)
                rules = of_kind(found, "PrometheusRule")
                self.assertEqual(len(rules), 1 if known and monitoring["rules"]["enabled"] else 0)
                dashboards = [one for one in of_kind(found, "ConfigMap") if "-dashboard-" in name(one)]
                self.assertEqual(bool(dashboards), known and monitoring["dashboards"]["enabled"])
                for one in [*of_kind(found, "PodMonitor"), *rules]:
                    self.assertLessEqual(monitoring["labels"].items(), one["metadata"]["labels"].items())

    def test_rules_and_dashboards_arrive_unchanged(self):
        found = RENDERED["monitoring"][1]
        groups = [group for path in sorted(chart.REPOSITORY.glob("deploy/prometheus/rules/*.yaml"))
                  for group in chart.yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]  # fmt: skip
        self.assertEqual(of_kind(found, "PrometheusRule")[0]["spec"]["groups"], groups)
        for path in chart.REPOSITORY.glob("deploy/grafana/dashboards/*.json"):
            data = the(found, "ConfigMap", f"-dashboard-{path.stem}")["data"]
            self.assertEqual(json.loads(data[path.name]), json.loads(path.read_text(encoding="utf-8")))

    def test_runbooks_are_found_under_the_base(self):
        (rule,) = of_kind(RENDERED["runbooks elsewhere"][1], "PrometheusRule")
        alerts = [alert for group in rule["spec"]["groups"] for alert in group["rules"] if "alert" in alert]
        for alert in alerts:
            url = alert["annotations"]["runbook_url"]
            self.assertRegex(url, r"^https://git\.example\.org/main/docs/runbooks/\w+\.md$")

    def test_pod_monitors_scrape_under_the_jobs_that_prometheus_yml_has(self):
        config = chart.yaml.safe_load((chart.REPOSITORY / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
        jobs = {scrape["job_name"] for scrape in config["scrape_configs"]}
        for monitor in of_kind(RENDERED["monitoring"][1], "PodMonitor"):
            (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
            self.assertEqual((endpoint["port"], endpoint["path"]), ("http", "/metrics"))
            self.assertIn(endpoint["relabelings"][0]["replacement"], jobs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
