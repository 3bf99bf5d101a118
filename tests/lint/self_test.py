"""Every rule of the checks is shown to fire: a check that cannot fail guards nothing."""

import pathlib
import sys
import tempfile
import unittest

import check_docs
import check_layering
import check_sizes
import check_words


def findings(check, tree):
    """What a check says about a tree given as {path: content}."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, content in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
        return check(root)


class Layering(unittest.TestCase):
    def assert_refused(self, reason, path, include, **others):
        found = findings(check_layering.check, {path: f'#include "{include}"\n', **others})
        self.assertTrue(any(reason in finding for finding in found), found)

    def test_accepts_what_the_table_allows(self):
        tree = {
            "coordinator/core/a.cc": '#include "coordinator/core/a.h"\n#include "coordinator/store/journal.h"\n'
            "#include <sys/stat.h>\n#include <vector>\n",
            "engine/loss/a.cc": '#include "engine/base/torch.h"\n',
            "engine/base/torch.h": "#include <ATen/ATen.h>\n",
            "tests/engine/loss/a_test.cc": '#include "coordinator/core/a.h"\n#include <torch/torch.h>\n',
        }
        self.assertEqual(findings(check_layering.check, tree), [])

    def test_refuses_an_edge_between_folders(self):
        self.assert_refused("may not include coordinator/store", "coordinator/policy/a.cc", "coordinator/store/journal.h")
        self.assert_refused("may not include engine/train", "engine/loss/a.cc", "engine/train/run.h")
        self.assert_refused("may not include worker/agent", "worker/trainer/a.cc", "worker/agent/agent.h")

    def test_refuses_a_library_outside_its_folders(self):
        self.assert_refused("may not include torch", "engine/loss/a.cc", "torch/torch.h")
        self.assert_refused("may not include grpc", "coordinator/core/a.cc", "grpcpp/grpcpp.h")
        self.assert_refused("may not include services", "coordinator/state/a.cc", "simclr/v1/job_service.grpc.pb.h")
        self.assert_refused("may not include prometheus", "cli/a.cc", "prometheus/counter.h")

    def test_refuses_all_but_the_interfaces_of_the_store(self):
        self.assert_refused("only ended_jobs.h, journal.h", "coordinator/core/a.cc", "coordinator/store/sqlite_journal.h")

    def test_refuses_a_clock_in_a_policy(self):
        self.assert_refused("closed to this folder", "coordinator/policy/a.cc", "common/base/clock.h")

    def test_refuses_tests_in_product_code(self):
        self.assert_refused("included by nothing", "engine/loss/a.cc", "tests/support/fake.h")

    def test_refuses_unknown_folders_and_headers(self):
        self.assert_refused("not in the table", "engine/novel/a.cc", "vector")
        self.assert_refused("neither a header", "cli/a.cc", "folly/futures.h")
        self.assert_refused("may not include worker/agent", "worker/agent/edge/a.cc", "worker/agent/agent.h")

    def test_refuses_a_file_that_sees_torch_and_protobuf_through_headers(self):
        self.assert_refused(
            "sees LibTorch and protobuf", "worker/trainer/a.cc", "simclr/v1/job.pb.h",
            **{"worker/trainer/a.cc": '#include "simclr/v1/job.pb.h"\n#include "engine/train/run.h"\n',
               "engine/train/run.h": '#include "engine/base/torch.h"\n', "engine/base/torch.h": "#include <ATen/ATen.h>\n"},
        )  # fmt: skip


class Sizes(unittest.TestCase):
    def test_refuses_a_file_over_the_limit_only(self):
        tree = {"a.cc": "\n" * (check_sizes.FAIL + 1), "b.cc": "\n" * check_sizes.FAIL}
        self.assertEqual(len(findings(check_sizes.check, tree)), 1)


class Words(unittest.TestCase):
    def test_refuses_markers_and_machine_paths(self):
        for bad in ("// TO" + "DO: later", "cp /ro" + "ot/x .", "see /tm" + "p/x", "FIX" + "ME", "https://pypi.or" + "g"):
            self.assertEqual(len(findings(check_words.check, {"a.cc": bad})), 1, bad)

    def test_accepts_words_that_only_contain_them(self):
        self.assertEqual(findings(check_words.check, {"a.cc": '"$staging/tmp/x" method hackle'}), [])


class Docs(unittest.TestCase):
    def test_refuses_dead_links(self):
        tree = {"docs/a.md": "[x](b.md) [y](../c.cc) [z](a.md#no-heading) [ok](https://example.com) [here](#part-one)\n# Part one\n"}
        self.assertEqual(len(findings(check_docs.check, tree)), 3)

    def test_refuses_a_readme_command_that_nothing_runs(self):
        readme = "```sh\nscripts/test # all\nscripts/nothing\n```\n"
        found = findings(check_docs.check, {"README.md": readme, ".ci/run": "scripts/test\n"})
        self.assertEqual(found, ["README.md: .ci/run does not run scripts/nothing"])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
