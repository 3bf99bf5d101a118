"""Writes the dashboards to dashboards/*.json, which Grafana loads. They are generated; change source/*.py instead.

    python3 deploy/grafana/generate.py            writes the files
    python3 deploy/grafana/generate.py --check    exit 1 where a file is not what would be written
"""

import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from source import evaluation, fleet, performance, run  # noqa: E402  (the path is set above)

DASHBOARDS = {"fleet": fleet, "run": run, "performance": performance, "evaluation": evaluation}


def texts():
    """The text of each file by its name."""
    return {
        f"{name}.json": json.dumps(module.build(), indent=1, ensure_ascii=False) + "\n"
        for name, module in DASHBOARDS.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    folder = HERE / "dashboards"
    folder.mkdir(exist_ok=True)
    wanted = texts()
    stale = [name for name, text in wanted.items() if not (folder / name).exists() or (folder / name).read_text() != text]
    stray = [path.name for path in folder.glob("*.json") if path.name not in wanted]
    if not check:
        for name in stale:
            (folder / name).write_text(wanted[name])
        for name in stray:
            (folder / name).unlink()
    for name in stale + stray:
        print(f"{name} {'differs; run deploy/grafana/generate.py' if check else 'written'}")
    return 1 if check and stale + stray else 0


if __name__ == "__main__":
    sys.exit(main())
