"""deploy/compose/compose.yaml: the schema of the compose specification accepts it, and it keeps what README.md promises.
Needs PyYAML and check-jsonschema (the pinned tools have both)."""

import re
import subprocess
import sys
import unittest

import compose_file
import yaml

PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+\.\d+$")


class Compose(unittest.TestCase):
    def test_fits_the_specification(self):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", compose_file.FILE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_image_has_a_fixed_version_and_ours_that_of_the_project(self):
        cmake = (compose_file.REPOSITORY / "CMakeLists.txt").read_text()
        version = re.search(r"project\(simclr VERSION ([\d.]+)", cmake)[1]
        for name, service in compose_file.services().items():
            with self.subTest(name):
                self.assertRegex(service["image"], PINNED)
                if service["image"].startswith("simclr/"):
                    self.assertTrue(service["image"].endswith(f":{version}"))

    def test_every_lasting_service_has_a_health_check(self):
        self.assertEqual(len(compose_file.lasting()), 6)
        for name, service in compose_file.lasting().items():
            with self.subTest(name):
                self.assertEqual(service["healthcheck"]["test"][0], "CMD")
                self.assertTrue({"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"]))

    def test_ports_are_open_on_this_machine_alone(self):
        for name, service in compose_file.services().items():
            for port in service.get("ports", []):
                with self.subTest(name, port=port):
                    self.assertTrue(port.startswith("127.0.0.1:"))

    def test_no_service_has_more_rights_than_it_needs(self):
        for name, service in compose_file.services().items():
            with self.subTest(name):
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertTrue(service["read_only"])
                self.assertIn("no-new-privileges:true", service["security_opt"])
                self.assertNotIn("privileged", service)

    def test_the_password_comes_from_the_environment(self):
        password = compose_file.services()["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
        self.assertRegex(password, r"^\$\{GRAFANA_PASSWORD:\?.+\}$")

    def test_each_service_mounts_its_own_secrets_read_only(self):
        for name in ("coordinator", "worker-1", "worker-2", "ctl"):
            with self.subTest(name):
                secrets = [text for text in compose_file.services()[name]["volumes"] if "secrets" in text]
                self.assertEqual(secrets, [f"{name}-secrets:/etc/simclr:ro"])

    def test_volumes_are_declared_and_files_exist(self):
        declared = compose_file.load()["volumes"]
        for name, service in compose_file.services().items():
            for source in compose_file.mounts(service).values():
                with self.subTest(name, source=source):
                    if source.startswith("."):
                        self.assertTrue((compose_file.FOLDER / source).exists())
                    elif not source.startswith("$"):
                        self.assertIn(source, declared)

    def test_builds_are_of_targets_that_exist(self):
        for name, service in compose_file.services().items():
            build = service.get("build", {})
            if "target" in build:
                with self.subTest(name):
                    self.assertTrue(compose_file.program(build["target"]))
                    self.assertEqual(service["image"].split(":")[0], f"simclr/{build['target']}")
            elif build:
                self.assertTrue((compose_file.FOLDER / build["context"] / build["dockerfile"]).exists())


class Monitoring(unittest.TestCase):
    def test_prometheus_scrapes_the_services_where_they_serve(self):
        wanted = {"coordinator.yaml": {"coordinator"}, "workers.yaml": {"worker-1", "worker-2"}, "alertmanager.yaml": {"alertmanager"}}
        named = {path.name for path in (compose_file.REPOSITORY / "deploy/prometheus/targets").glob("*.yaml")}
        self.assertEqual(named, set(wanted))
        for file, services in wanted.items():
            text = (compose_file.FOLDER / "targets" / file).read_text()
            addresses = [target for entry in yaml.safe_load(text) for target in entry["targets"]]
            self.assertEqual({address.split(":")[0] for address in addresses}, services)
            for address in addresses:
                host, port = address.split(":")
                check = " ".join(compose_file.services()[host]["healthcheck"]["test"])
                self.assertIn(f"127.0.0.1:{port}/", check)

    def test_grafana_finds_prometheus_and_its_dashboards(self):
        provisioning = compose_file.REPOSITORY / "deploy/grafana/provisioning"
        source = yaml.safe_load(next((provisioning / "datasources").glob("*.y*ml")).read_text())["datasources"][0]
        self.assertEqual(source["url"], "http://prometheus:9090")
        provider = yaml.safe_load(next((provisioning / "dashboards").glob("*.y*ml")).read_text())["providers"][0]
        self.assertIn(provider["options"]["path"], compose_file.mounts(compose_file.services()["grafana"]))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
