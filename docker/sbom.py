"""A CycloneDX 1.5 bill of materials of an image: Debian packages, wheels and the project itself, with versions and licences."""

import email
import pathlib
import re
import subprocess
from urllib.parse import quote

# Packages whose copyright file is prose: what it says of the library itself.
IN_PROSE = {
    "libc6": "LGPL-2.1-or-later",
    "libc-ares2": "MIT",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
}
EXPRESSION_WORDS = re.compile(r" (?:AND|OR|WITH) ")


def debian_licenses(text):
    """Names of the licences of a debian/copyright file. The packaging's own (Files: debian/*) is not in the library.

    Empty for a file that is prose.
    """
    names = set()
    for paragraph in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files:\s*(.+?)(?=^\S|\Z)", paragraph, re.MULTILINE | re.DOTALL)
        license_line = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE)
        if files and license_line and not all(name.startswith("debian/") for name in files.group(1).split()):
            names.add(license_line.group(1).strip())
    return sorted(names)


def debian_component(package, doc=pathlib.Path("/usr/share/doc")):
    format_ = "${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    query = subprocess.run(["dpkg-query", "-W", "-f", format_, package], check=True, capture_output=True, text=True)
    version, architecture, source, source_version = query.stdout.split("\t")
    names = debian_licenses((doc / package / "copyright").read_text(encoding="utf-8", errors="replace"))
    names = names or [IN_PROSE.get(package, f"as in /usr/share/doc/{package}/copyright")]
    return {
        "type": "library",
        "bom-ref": f"deb:{package}",
        "name": package,
        "version": version,
        "purl": f"pkg:deb/debian/{quote(package)}@{quote(version)}?arch={architecture}&distro=debian-12",
        "licenses": [{"license": {"name": name}} for name in names],
        "properties": [{"name": "debian:source", "value": f"{source} {source_version}"}],
    }


def wheel_component(dist_info):
    metadata = email.message_from_string((dist_info / "METADATA").read_text(encoding="utf-8"))
    name, version = metadata["Name"], metadata["Version"]
    license_ = metadata["License-Expression"] or metadata["License"] or f"as in /usr/share/doc/{name}"
    known_by_id = metadata["License-Expression"] and EXPRESSION_WORDS.search(license_)
    return {
        "type": "library",
        "bom-ref": f"wheel:{name}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower()}@{version}",
        "licenses": [{"expression": license_}] if known_by_id else [{"license": {"name": license_}}],
    }


def document(image, version, components):
    """The whole bill, without a date or a random number: the same input gives the same bytes."""
    own = {
        "type": "container",
        "bom-ref": f"simclr:{image}",
        "name": f"simclr/{image}",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    parts = sorted(components, key=lambda component: component["bom-ref"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own},
        "components": parts,
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }
