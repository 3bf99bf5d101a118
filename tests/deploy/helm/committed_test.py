"""What is committed beside the chart is up to date: the rendered default and the table of values in its README; and
the examples are valid.

Usage: committed_test.py
"""

import base64
import gzip
import os
import pathlib
import re
import subprocess
import unittest

import chart
import kubernetes_validate
from cases import OPERATOR
from chart import flags_of, name, of_kind, pod_specs, the

FILES_OF_CHART = [pathlib.Path(folder, file) for folder, _, files in os.walk(chart.CHART, followlinks=True) for file in files]
JOBSET = chart.MANIFESTS / "examples/jobset-kueue.yaml"


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Committed(unittest.TestCase):
    def test_the_rendered_default_is_what_the_chart_renders(self):
        done = run(chart.MANIFESTS / "render", "--check")
        self.assertEqual(done.returncode, 0, f"run deploy/manifests/render\n{done.stdout}")

    def test_the_table_of_values_is_that_of_the_values(self):
        done = run(chart.REPOSITORY / "deploy/helm/values-table", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_metrics_that_are_named_exist(self):
        known = (chart.REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
        for path in (chart.CHART / "values.yaml", chart.REPOSITORY / "docs/how-to/kubernetes.md"):
            for metric in re.findall(r"\bsimclr_\w+", path.read_text(encoding="utf-8")):
                self.assertIn(f"`{metric}`", known, path)

    def test_the_packaged_chart_fits_into_a_secret(self):
        # Helm keeps a release in a Secret of at most 1 MiB: the chart and what it rendered, compressed, in base64.
        files = b"".join(path.read_bytes() for path in FILES_OF_CHART)
        rendered = chart.helm("template", {}, *OPERATOR).encode()
        self.assertLess(len(base64.b64encode(gzip.compress(files + rendered))), 1 << 19)

    def test_the_charts_links_lead_to_rules_and_dashboards(self):
        # Links, so that there is one copy; helm follows them, also into a package.
        for folder, source in (("rules", "prometheus/rules"), ("dashboards", "grafana/dashboards")):
            self.assertEqual((chart.CHART / "files" / folder).resolve(), chart.REPOSITORY / "deploy" / source)

    def test_the_overlay_changes_the_default_and_stays_valid(self):
        done = run(chart.KUBECTL, "kustomize", chart.MANIFESTS / "examples/cpu-overlay")
        self.assertEqual(done.returncode, 0, done.stdout)
        found = chart.objects(done.stdout)
        for one in found:
            kubernetes_validate.validate(one, "1.37", strict=True)
        worker = the(found, "StatefulSet", "-worker")["spec"]["template"]["spec"]["containers"][0]
        self.assertIn("/worker-cpu:", worker["image"])
        self.assertEqual(flags_of(worker)["--slots"], ["2"])
        self.assertNotIn("nvidia.com/gpu", worker["resources"]["limits"])


class JobSetExample(unittest.TestCase):
    """JobSet and Kueue have no schema here, so what matters is asserted; their jobs are checked as Kubernetes' own."""

    def setUp(self):
        self.found = chart.objects(JOBSET.read_text(encoding="utf-8"))
        self.set = the(self.found, "JobSet", "simclr-run")
        self.jobs = {job["name"]: job["template"]["spec"] for job in self.set["spec"]["replicatedJobs"]}

    def test_jobs_and_the_rest_are_valid(self):
        jobs = [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job}, "spec": spec} for job, spec in self.jobs.items()]
        for one in [*jobs, *of_kind(self.found, "ConfigMap", "PersistentVolumeClaim")]:
            kubernetes_validate.validate(one, "1.37", strict=True)

    def test_the_queue_exists_and_covers_what_the_pods_ask_for(self):
        queue = the(self.found, "LocalQueue", self.set["metadata"]["labels"]["kueue.x-k8s.io/queue-name"])
        (group,) = the(self.found, "ClusterQueue", queue["spec"]["clusterQueue"])["spec"]["resourceGroups"]
        asked = set()
        for _, spec in pod_specs(self.found):
            for container in spec["containers"]:
                asked |= container["resources"]["requests"].keys() | container["resources"]["limits"].keys()
        self.assertEqual(asked, set(group["coveredResources"]))
        self.assertEqual({flavor["name"] for flavor in group["flavors"]}, {name(one) for one in of_kind(self.found, "ResourceFlavor")})

    def test_policies_name_jobs_of_the_set(self):
        spec = self.set["spec"]
        named = [*spec["successPolicy"]["targetReplicatedJobs"],
                 *(job for rule in spec["failurePolicy"]["rules"] for job in rule["targetReplicatedJobs"])]  # fmt: skip
        self.assertLessEqual(set(named), self.jobs.keys())

    def test_everybody_calls_the_coordinator_by_the_name_that_the_set_gives_it(self):
        host = f"{name(self.set)}-coordinator-0-0.{name(self.set)}.{chart.NAMESPACE}.svc.cluster.local:7400"
        worker = self.jobs["worker"]["template"]["spec"]["containers"][0]
        self.assertEqual(flags_of(worker)["--coordinator"], [host])
        config = chart.yaml.safe_load(the(self.found, "ConfigMap", "simclr-run")["data"]["config.yaml"])
        self.assertEqual(config["contexts"][config["current"]]["server"], host)

    def test_the_job_fits_the_workers(self):
        job = chart.yaml.safe_load(the(self.found, "ConfigMap", "simclr-run")["data"]["job.yaml"])
        limits = self.jobs["worker"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        self.assertEqual(job["resources"]["ranks"], self.jobs["worker"]["completions"] * limits["nvidia.com/gpu"])

    def test_mounts_and_volumes_belong_together(self):
        for _, spec in pod_specs(self.found):
            mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
            self.assertEqual(mounted, {volume["name"] for volume in spec["volumes"]})


if __name__ == "__main__":
    unittest.main(verbosity=2)
