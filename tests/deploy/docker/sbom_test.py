"""Licences and wheels are read right, and a bill of materials fits the schema. Needs the pinned tools in PYTHONPATH.

Usage: sbom_test.py
"""

import json
import pathlib
import sys
import tempfile
import unittest

import jsonschema

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "docker"))
import closure  # noqa: E402
import sbom  # noqa: E402

SCHEMA = json.loads((pathlib.Path(__file__).parent / "sbom.schema.json").read_text(encoding="utf-8"))

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
License: Overall

Files: *
Copyright: Somebody
License: Apache-2.0

Files: third_party/a.c
 third_party/b.c
Copyright: Somebody else
License: Expat

Files: debian/*
Copyright: A packager
License: GPL-2+

License: Expat
 The words of the licence.
"""


class Licenses(unittest.TestCase):
    def test_are_those_of_files_but_the_packaging(self):
        self.assertEqual(["Apache-2.0", "Expat"], sbom.debian_licenses(COPYRIGHT))

    def test_of_prose_are_none(self):
        self.assertEqual([], sbom.debian_licenses("This package was made by hand. See /usr/share/common-licenses/GPL."))

    def test_of_packages_in_prose_are_listed(self):
        component = sbom.debian_component("libc6")
        self.assertEqual([{"license": {"name": "LGPL-2.1-or-later"}}], component["licenses"])


class Wheels(unittest.TestCase):
    def wheel(self, metadata, record="torch/lib/libc10.so,sha256=x,1\n"):
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        dist_info = root / "demo-1.2.dist-info"
        dist_info.mkdir()
        (dist_info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: Demo\nVersion: 1.2\n{metadata}\n\nBody\n", encoding="utf-8")
        (dist_info / "RECORD").write_text(record, encoding="utf-8")
        return dist_info

    def test_have_an_expression_a_name_or_where_to_look(self):
        for metadata, licenses in (
            ("License-Expression: MIT AND BSD-3-Clause", [{"expression": "MIT AND BSD-3-Clause"}]),
            ("License: Proprietary", [{"license": {"name": "Proprietary"}}]),
            ("Summary: nothing said", [{"license": {"name": "as in /usr/share/doc/Demo"}}]),
        ):
            component = sbom.wheel_component(self.wheel(metadata))
            self.assertEqual(("Demo", "1.2", "pkg:pypi/demo@1.2", licenses),
                             tuple(component[key] for key in ("name", "version", "purl", "licenses")))  # fmt: skip

    def test_own_the_files_of_their_record(self):
        dist_info = self.wheel("License: MIT")
        root = str(dist_info.parent)
        self.assertEqual(dist_info, closure.wheel_of(f"{root}/torch/lib/libc10.so", root))
        with self.assertRaisesRegex(LookupError, "libelse.so is in no wheel"):
            closure.wheel_of(f"{root}/torch/lib/libelse.so", root)


class Closure(unittest.TestCase):
    def test_is_what_ldd_found(self):
        text = "\tlinux-vdso.so.1 (0x1)\n\tliba.so => /x/lib/../lib/liba.so (0x2)\n\t/lib64/ld-linux-x86-64.so.2 (0x3)\n"
        self.assertEqual(["/x/lib/liba.so", "/lib64/ld-linux-x86-64.so.2"], closure.parse_ldd(text))

    def test_names_what_is_missing(self):
        with self.assertRaisesRegex(LookupError, "not found: libb.so, libc10.so"):
            closure.parse_ldd("\tlibc10.so => not found\n\tlibb.so => not found\n\tlibc10.so => not found\n")

    def test_leaves_to_the_driver_what_is_its_own(self):
        self.assertEqual(["/x/libc.so.6"], closure.parse_ldd("\tlibcuda.so.1 => not found\n\tlibc.so.6 => /x/libc.so.6 (0x1)\n"))

    def test_knows_packages_by_both_spellings_of_a_path(self):
        libraries = ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"]
        self.assertEqual({"libc6", "libstdc++6"}, closure.packages_of(libraries))
        with self.assertRaisesRegex(LookupError, "in no Debian package: /lib/nobody.so"):
            closure.packages_of([*libraries, "/lib/nobody.so"])


class Schema(unittest.TestCase):
    def test_accepts_a_bill_and_refuses_one_with_a_hole(self):
        bill = sbom.document("demo", "1.0", [sbom.debian_component("libstdc++6")])
        jsonschema.validate(bill, SCHEMA)
        for key in ("name", "version", "licenses", "purl"):
            broken = json.loads(json.dumps(bill))
            del broken["components"][0][key]
            with self.assertRaisesRegex(jsonschema.ValidationError, f"'{key}' is a required property"):
                jsonschema.validate(broken, SCHEMA)


if __name__ == "__main__":
    unittest.main(verbosity=2)
