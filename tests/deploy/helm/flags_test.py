"""Every program and flag in a rendered command exists: in the --help of the real program.

Usage: flags_test.py FOLDER_OF_THE_PROGRAMS
"""

import functools
import pathlib
import re
import subprocess
import sys
import unittest

import chart
from chart import flags_of, pod_specs
from committed_test import JOBSET
from rendered import RENDERED

PROGRAMS = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


@functools.cache
def flags_of_program(program, *subcommand):
    done = subprocess.run([PROGRAMS / program, *subcommand, "--help"], capture_output=True, text=True, check=True)
    return set(FLAG.findall(done.stdout))


def unknown_flags(container):
    """The flags in a container's command that its program does not know."""
    (command,) = container["command"]
    given = flags_of(container)
    subcommand = given.pop("", [])
    return given.keys() - flags_of_program(pathlib.Path(command).name, *subcommand[:1])


class Flags(unittest.TestCase):
    def test_programs_know_the_flags_that_they_are_given(self):
        for title, (_, found) in RENDERED.items():
            for owner, spec in pod_specs(found):
                with self.subTest(title, owner=chart.name(owner)):
                    self.assertEqual(unknown_flags(spec["containers"][0]), set())

    def test_the_example_with_jobset_does_so_too(self):
        for _, spec in pod_specs(chart.objects(JOBSET.read_text(encoding="utf-8"))):
            self.assertEqual(unknown_flags(spec["containers"][0]), set())

    def test_programs_are_those_that_the_images_have(self):
        for _, (_, found) in RENDERED.items():
            for _, spec in pod_specs(found):
                for container in spec["containers"]:
                    programs = [container["command"][0], *flags_of(container).get("--trainer", [])]
                    for program in programs:
                        self.assertEqual(pathlib.Path(program).parent, pathlib.Path("/usr/local/bin"))
                        self.assertTrue((PROGRAMS / pathlib.Path(program).name).exists() or "trainer" in program)

    def test_a_flag_that_no_program_has_is_found(self):
        container = {"command": ["/usr/local/bin/simclr-worker"], "args": ["--name=a", "--no-such-flag=1"]}
        self.assertEqual(unknown_flags(container), {"--no-such-flag"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
