"""docker/rootfs over the programs that were built: what an image holds, and that its bill of materials says it all.

Usage: rootfs_test.py FOLDER_OF_THE_PROGRAMS. Needs the pinned tools in PYTHONPATH and, to start programs inside, root
(else 77: skipped).
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "docker"))
import closure  # noqa: E402

SCHEMA = json.loads((pathlib.Path(__file__).parent / "sbom.schema.json").read_text(encoding="utf-8"))
PROGRAMS = pathlib.Path(sys.argv.pop(1))
TORCH = os.environ.get("SIMCLR_TORCH_ROOT") or subprocess.check_output([REPOSITORY / "scripts/torch-root"], text=True).strip()
IMAGE_LIMIT_BYTES = 60_000_000  # of the coordinator, not compressed


def rootfs(out, image, programs, source=PROGRAMS):
    command = [sys.executable, "-B", REPOSITORY / "docker/rootfs", "--image", image, "--version", "1.2.3"]
    return subprocess.run([*command, "--programs", source, "--out", out, *programs], capture_output=True, text=True)


class Coordinator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.root = pathlib.Path(cls.folder, "root")
        made = rootfs(cls.root, "coordinator", ["simclr-coordinator"])
        assert made.returncode == 0, made.stderr
        cls.files = [path for path in cls.root.rglob("*") if path.is_file() and not path.is_symlink()]
        cls.bill = json.loads((cls.root / "usr/share/doc/simclr/sbom.cdx.json").read_text(encoding="utf-8"))

    def test_holds_the_program_its_probe_and_libraries_alone(self):
        executable = {path.name for path in self.files if path.stat().st_mode & 0o111 and ".so" not in path.name}
        self.assertEqual({"simclr-coordinator", "simclr-probe"}, executable)
        self.assertEqual([], [path for path in self.files if "torch" in path.name])
        self.assertLess(sum(path.stat().st_size for path in self.files), IMAGE_LIMIT_BYTES)

    def test_has_a_bill_of_materials_that_fits_the_schema(self):
        jsonschema.validate(self.bill, SCHEMA)
        self.assertEqual(("simclr/coordinator", "1.2.3"), (self.bill["metadata"]["component"]["name"], self.bill["metadata"]["component"]["version"]))

    def test_names_the_package_of_every_library_with_its_installed_version(self):
        versions = {part["name"]: part["version"] for part in self.bill["components"]}
        libraries = [f"/{path.relative_to(self.root)}" for path in self.files if ".so" in path.name and path.parent != self.root / "etc"]
        self.assertEqual(closure.packages_of(libraries), set(versions) - {"libboost1.74-dev", "libcli11-dev"})
        for name, version in versions.items():
            installed = subprocess.check_output(["dpkg-query", "-W", "-f", "${Version}", name], text=True)
            self.assertEqual(installed, version, name)

    def test_brings_the_licences_along(self):
        for part in self.bill["components"]:
            self.assertTrue((self.root / f"usr/share/doc/{part['name']}/copyright").stat().st_size, part["name"])
            self.assertTrue((self.root / f"var/lib/dpkg/status.d/{part['name']}").stat().st_size, part["name"])
        self.assertTrue((self.root / "usr/share/doc/simclr/LICENSE").exists())

    def test_refuses_a_program_that_is_not_there(self):
        made = rootfs(pathlib.Path(self.folder, "missing"), "coordinator", ["simclr-nothing"])
        self.assertNotEqual(0, made.returncode)
        self.assertIn("simclr-nothing", made.stderr)


@unittest.skipUnless((PROGRAMS / "simclr-trainer").exists(), "no simclr-trainer was built")
class Trainer(unittest.TestCase):
    def test_needs_five_libraries_of_the_wheels(self):
        libraries = closure.libraries([PROGRAMS / "simclr-trainer"], TORCH)
        from_wheels = {os.path.basename(path) for path in libraries if path.startswith(f"{os.path.normpath(TORCH)}/")}
        self.assertEqual({"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}, from_wheels)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: not root")
        sys.exit(77)
    unittest.main(verbosity=2)
