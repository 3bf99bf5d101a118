"""Runs the simclrctl commands that README.md shows, in order, against a real local cluster, and checks its job file.

Usage: run_readme.py FOLDER_OF_THE_PROGRAMS
"""

import os
import re
import subprocess
import sys
import tempfile

import source_tree
from check_docs import commands

YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main():
    readme = source_tree.text(source_tree.REPOSITORY, "README.md")
    shown = [command for command in commands(readme) if command.startswith("simclrctl ")]
    job_files = YAML_BLOCK.findall(readme)
    assert shown and job_files, "README.md shows no simclrctl commands or no job file"
    with tempfile.TemporaryDirectory() as folder:
        # README's commands name a folder of the checkout; here it is one of our own.
        script = "\n".join(shown).replace("build/demo", f"{folder}/demo").split("\n")
        for index, text in enumerate(job_files):
            path = f"{folder}/job{index}.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            script.insert(1, f"simclrctl submit --dry-run -f {path}")
        first, last = script[0], script[-1]
        assert " local up " in first and " local down " in last, "README.md must begin with up and end with down"
        environment = {
            **os.environ,
            "PATH": f"{os.path.abspath(sys.argv[1])}:{os.environ['PATH']}",
            "SIMCLR_CONFIG": f"{folder}/config.yaml",
        }
        text = "set -euxo pipefail\ntrap 'simclrctl local down --dir " + folder + "/demo' EXIT\n" + "\n".join(script)
        return subprocess.run(["bash", "-c", text], cwd=source_tree.REPOSITORY, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
