"""docker/Dockerfile keeps its promises: pinned bases, targets from nothing, a user, health checks, flags that exist.

Usage: dockerfile_test.py [FOLDER_OF_THE_PROGRAMS]. Without the folder, flags are not looked up.
"""

import pathlib
import re
import subprocess
import sys
import unittest

import dockerfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PATH = REPOSITORY / "docker/Dockerfile"
TEXT = PATH.read_text(encoding="utf-8")
PROGRAMS = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None


class Promises(unittest.TestCase):
    def test_every_base_is_pinned_by_a_digest(self):
        self.assertEqual([], list(dockerfile.unpinned_bases(TEXT)))

    def test_every_target_is_complete(self):
        self.assertEqual([], list(dockerfile.wrong_targets(TEXT)))

    def test_health_checks_ask_where_the_program_listens(self):
        coordinator = dockerfile.command(TEXT, "coordinator")
        port = coordinator[coordinator.index("--http") + 1].rpartition(":")[2]
        self.assertEqual(f"127.0.0.1:{port}/livez", dockerfile.probed(TEXT, "coordinator"))
        self.assertEqual(dockerfile.probed(TEXT, "worker-cpu"), dockerfile.probed(TEXT, "worker-cuda"))

    def test_hadolint_finds_nothing(self):
        tools = subprocess.check_output([REPOSITORY / "scripts/tools-root"], text=True).strip()
        result = subprocess.run([f"{tools}/bin/hadolint", "--no-color", PATH], capture_output=True, text=True)
        self.assertEqual((0, ""), (result.returncode, result.stdout))

    def test_the_context_has_what_is_copied_and_no_more(self):
        rules = [line for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")]
        self.assertEqual("*", rules[0], "it begins by leaving everything out")
        allowed = {rule[1:] for rule in rules if rule.startswith("!")}
        sources = " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE)).split()
        copied = {source.split("/")[0] for source in sources} - {"."}
        self.assertLessEqual(copied, allowed)
        self.assertEqual([], [name for name in allowed if not (REPOSITORY / name).exists()])
        built = re.findall(r"^\s*add_subdirectory\((\w+)\)", (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertLessEqual(set(built) - {"tests", "bench"}, allowed, "a folder of the build is not in the context")

    def assert_flags_exist(self, program, words):
        flags = [word for word in words if word.startswith("--")]
        self.assertTrue(flags)
        known = subprocess.check_output([PROGRAMS / program, "--help"], text=True)
        self.assertEqual([], [flag for flag in flags if not re.search(rf"(?<!\S){flag}\b", known)])

    @unittest.skipUnless(PROGRAMS, "no folder of programs given")
    def test_flags_of_the_coordinator_exist(self):
        self.assert_flags_exist("simclr-coordinator", dockerfile.command(TEXT, "coordinator"))

    @unittest.skipUnless(PROGRAMS, "no folder of programs given")
    def test_flags_of_the_worker_that_the_page_starts_exist(self):
        page = (REPOSITORY / "docs/containers.md").read_text(encoding="utf-8")
        _, _, shown = page.partition("simclr/worker-cpu:0.1.0 --name")
        self.assert_flags_exist("simclr-worker", ["--name", *shown.partition("```")[0].split()])


class Refusals(unittest.TestCase):
    """The checks above can fail."""

    def test_refuses_a_tag_and_latest(self):
        self.assertTrue(list(dockerfile.unpinned_bases("FROM debian:bookworm-slim AS a\n")))
        self.assertEqual(2, len(list(dockerfile.unpinned_bases("ARG BASE=debian:latest\nFROM ${BASE} AS a\n"))))

    def test_refuses_what_breaks_a_promise(self):
        for broken, words in (
            (TEXT.replace("USER 10001:10001", "USER root"), "USER is root"),
            (TEXT.replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGINT"), "STOPSIGNAL is SIGINT"),
            (TEXT.replace("FROM scratch AS image", "FROM ${BASE} AS image"), "not from scratch"),
            (TEXT.replace("HEALTHCHECK --interval", "LABEL --interval"), "no HEALTHCHECK"),
            (TEXT.replace('ENTRYPOINT ["/usr/local/bin/simclrctl"]', "ENTRYPOINT simclrctl"), "exec form"),
            (TEXT.replace("org.opencontainers.image.source=", "source="), "no label source"),
            (TEXT.replace("AS worker-cuda", "AS worker-gpu"), "no target worker-cuda"),
        ):
            findings = list(dockerfile.wrong_targets(broken))
            self.assertTrue(any(words in finding for finding in findings), f"{words}: {findings}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
