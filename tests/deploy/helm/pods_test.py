"""The pods that the chart makes, with every set of values: rights, bounds, ports, volumes, secrets, the grace period.

Usage: pods_test.py
"""

import re
import unittest

import chart
from chart import bytes_of, flags_of, name, of_kind, pod_specs, the
from rendered import RENDERED, container_of, every_case

AGENT_AFTER_GRACE = 25  # seconds; see test_the_agents_own_limits_are_those_of_the_formula
PAIR = {"ca.crt", "tls.crt", "tls.key"}


def known_secrets(values, found):
    """Secret -> its keys: those that people make (docs/how-to/kubernetes.md), and those that cert-manager makes."""
    prefix = name(the(found, "StatefulSet", "-coordinator")).removesuffix("-coordinator")
    tls = values["tls"]
    known = {values["tokens"]["existingSecret"] or f"{prefix}-tokens": {"tokens"}}
    known[values["test"]["tokenSecret"] or f"{prefix}-test-token"] = {values["test"]["tokenKey"]}
    if tls["certManager"]["enabled"]:
        return {**known, **{one["spec"]["secretName"]: PAIR for one in of_kind(found, "Certificate")}}
    known[tls["coordinatorSecret"] or f"{prefix}-coordinator-tls"] = PAIR
    known[tls["workerSecret"] or f"{prefix}-worker-tls"] = {"ca.crt"}
    return known


class Pods(unittest.TestCase):
    @every_case
    def test_no_pod_has_rights_that_it_does_not_need(self, values, found):
        for _, spec in pod_specs(found):
            self.assertIs(spec["automountServiceAccountToken"], False)
            security = spec["securityContext"]
            self.assertTrue(security["runAsNonRoot"])
            self.assertEqual((security["runAsUser"], security["fsGroup"]), 2 * (values["pod"]["userId"],))
            self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertNotIn("hostPID", spec)
            self.assertNotIn("hostIPC", spec)
            for container in spec["containers"]:
                context = container["securityContext"]
                self.assertIs(context["allowPrivilegeEscalation"], False)
                self.assertIs(context["readOnlyRootFilesystem"], True)
                self.assertEqual(context["capabilities"]["drop"], ["ALL"])
                rdma = container["name"] == "worker" and values["worker"]["rdma"]
                self.assertEqual(context["capabilities"].get("add", []), ["IPC_LOCK"] if rdma else [])

    @every_case
    def test_volumes_are_of_kinds_that_the_restricted_standard_admits(self, values, found):
        asked_for = {kind for data in values["datasets"] for kind in data["volume"]} | {"hostPath"}
        admitted = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
        for _, spec in pod_specs(found):
            kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
            self.assertLessEqual(kinds, admitted | (asked_for if values["datasets"] else set()))

    @every_case
    def test_every_container_has_bounds(self, values, found):
        for _, spec in pod_specs(found):
            for container in spec["containers"]:
                self.assertIn("memory", container["resources"]["limits"])
                self.assertLessEqual({"cpu", "memory"}, container["resources"]["requests"].keys())
        worker = container_of(found, "worker")
        gpus = worker["resources"]["limits"].get(values["worker"]["gpuResource"])
        cuda = values["worker"]["device"] == "cuda"
        slots = values["worker"]["gpus" if cuda else "slots"]
        self.assertEqual(gpus, slots if cuda else None)
        self.assertEqual(flags_of(worker)["--slots"], ["auto" if cuda else str(slots)])
        self.assertEqual(worker["resources"]["requests"]["cpu"], str(slots * values["worker"]["threadsPerSlot"]))
        self.assertIn("worker-cuda:" if cuda else "worker-cpu:", worker["image"])

    @every_case
    def test_the_coordinator_is_told_what_the_values_say_of_jobs(self, values, found):
        given, jobs = flags_of(container_of(found, "coordinator")), values["coordinator"]["jobs"]
        self.assertEqual(given["--max-open-jobs"], [str(jobs["maxOpen"])])
        self.assertEqual(given["--max-open-jobs-of-user"], [str(jobs["maxOpenOfUser"])])
        self.assertEqual(given.get("--keep-ended-jobs", [""]), [jobs["keepEnded"]])
        self.assertEqual("--viewers-read-artifacts" in given, jobs["viewersReadArtifacts"])

    @every_case
    def test_ports_are_those_that_the_programs_listen_on(self, values, found):
        for component in ("coordinator", "worker"):
            container = container_of(found, component)
            given = flags_of(container)
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            listening = {"http": given["--http"][0]}
            if component == "coordinator":
                listening["grpc"] = given["--listen"][0]
            for port, address in listening.items():
                self.assertEqual(address, f"{values['listenAddress']}:{ports[port]}")
            self.assertEqual(ports.keys(), listening.keys())
            for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
                self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "http"})
            for service in of_kind(found, "Service"):
                if service["spec"]["selector"]["app.kubernetes.io/component"] == component:
                    for port in service["spec"]["ports"]:
                        self.assertEqual(port["port"], ports[port["targetPort"]])

    def test_default_ports_are_those_of_the_program(self):
        source = (chart.REPOSITORY / "coordinator/main.cc").read_text(encoding="utf-8")
        ports = {port["name"]: port["containerPort"] for port in container_of(RENDERED["default"][1], "coordinator")["ports"]}
        self.assertIn(f'options.listen = "127.0.0.1:{ports["grpc"]}"', source)
        self.assertIn(f'options.http = "127.0.0.1:{ports["http"]}"', source)

    def test_images_and_their_user_are_those_of_the_dockerfile(self):
        text = (chart.REPOSITORY / "docker/Dockerfile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE))
        for _, found in RENDERED.values():
            for _, spec in pod_specs(found):
                for container in spec["containers"]:
                    self.assertIn(container["image"].rsplit("/")[-1].split(":")[0], targets)
        user = chart.default_values()["pod"]["userId"]
        self.assertIn(f"\nUSER {user}:{user}\n", text)

    @every_case
    def test_the_grace_period_follows_the_formula(self, values, found):
        drain = values["worker"]["drain"]
        seconds = drain["checkpointSeconds"] + drain["marginSeconds"]
        spec = the(found, "StatefulSet", "-worker")["spec"]["template"]["spec"]
        self.assertEqual(flags_of(spec["containers"][0])["--drain-grace"], [f"{seconds}s"])
        self.assertEqual(spec["terminationGracePeriodSeconds"], seconds + 30)
        self.assertGreater(spec["terminationGracePeriodSeconds"], seconds + AGENT_AFTER_GRACE)

    def test_the_agents_own_limits_are_those_of_the_formula(self):
        seconds = 0
        for file, pattern in (
            ("control/supervised_rank.h", r"after_drain_grace = absl::Seconds\((\d+)\)"),
            ("control/supervised_rank.h", r" kill_grace = absl::Seconds\((\d+)\)"),
            ("agent.cc", r"kLastReports = absl::Seconds\((\d+)\)"),
        ):
            source = (chart.REPOSITORY / "worker/agent" / file).read_text(encoding="utf-8")
            seconds += int(re.search(pattern, source).group(1))
        self.assertEqual(seconds, AGENT_AFTER_GRACE)

    @every_case
    def test_shared_memory_is_mounted_bounded_and_demanded(self, values, found):
        spec = the(found, "StatefulSet", "-worker")["spec"]["template"]["spec"]
        mount = next(mount for mount in spec["containers"][0]["volumeMounts"] if mount["mountPath"] == "/dev/shm")
        volume = next(volume for volume in spec["volumes"] if volume["name"] == mount["name"])
        self.assertEqual(volume["emptyDir"], {"medium": "Memory", "sizeLimit": values["worker"]["shm"]})
        given = flags_of(spec["containers"][0])
        self.assertEqual(given["--min-shm-bytes"], [str(bytes_of(values["worker"]["shm"]))])
        self.assertEqual(given["--cache-bytes"], [str(bytes_of(values["worker"]["cache"]))])

    @every_case
    def test_everybody_sees_the_same_artifacts_and_data(self, values, found):
        claims = set()
        for component in ("coordinator", "worker"):
            spec = the(found, "StatefulSet", f"-{component}")["spec"]["template"]["spec"]
            given, mounts = flags_of(spec["containers"][0]), spec["containers"][0]["volumeMounts"]
            self.assertEqual(given["--artifacts"], [values["artifacts"]["mountPath"]])
            self.assertIn({"name": "artifacts", "mountPath": values["artifacts"]["mountPath"]}, mounts)
            self.assertEqual(given.get("--data-root", []), [data["mountPath"] for data in values["datasets"]])
            volume = next(volume for volume in spec["volumes"] if volume["name"] == "artifacts")
            claims.add(volume["persistentVolumeClaim"]["claimName"])
        self.assertEqual(len(claims), 1)
        for data in values["datasets"]:
            self.assertIn({"name": f"dataset-{data['name']}", "mountPath": data["mountPath"], "readOnly": True}, mounts)
            self.assertIn({"name": f"dataset-{data['name']}", **data["volume"]}, spec["volumes"])
        made = {name(claim): claim["spec"]["accessModes"] for claim in of_kind(found, "PersistentVolumeClaim")}
        existing = values["artifacts"]["existingClaim"]
        self.assertEqual(made, {} if existing else {claims.pop(): ["ReadWriteMany"]})

    @every_case
    def test_every_mount_has_a_volume_and_every_volume_a_mount(self, _, found):
        for owner, spec in pod_specs(found):
            volumes = {volume["name"] for volume in spec.get("volumes", [])}
            volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
            mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
            self.assertEqual(mounted, volumes)

    @every_case
    def test_every_file_that_is_named_exists_in_the_secret_or_config_map(self, values, found):
        known = known_secrets(values, found)
        for _, spec in pod_specs(found):
            for volume in spec.get("volumes", []):
                sources = [volume, *volume.get("projected", {}).get("sources", [])]
                for secret in (source["secret"] for source in sources if "secret" in source):
                    keys = {item["key"] for item in secret.get("items", [])}
                    self.assertLessEqual(keys, known[secret.get("secretName") or secret["name"]])
                if "configMap" in volume:
                    the(found, "ConfigMap", volume["configMap"]["name"])

    @every_case
    def test_a_worker_sees_its_own_key_alone(self, values, found):
        container = container_of(found, "worker")
        tls = [mount for mount in container["volumeMounts"] if mount["name"] == "tls"]
        paths = {mount.get("subPathExpr", mount.get("subPath")) for mount in tls}
        if values["tls"]["certManager"]["enabled"]:
            self.assertEqual(paths, {"$(POD_NAME)"})
        else:
            self.assertEqual(paths, {"ca.crt", "$(POD_NAME).crt", "$(POD_NAME).key"})
        self.assertIn({"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, container["env"])
        self.assertEqual(flags_of(container)["--name"], ["$(POD_NAME)"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
