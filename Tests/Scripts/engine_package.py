"""Writes a package with test targets and their dependencies, for sanitizer builds: engine_package.py FOLDER TEST...

The complete package takes minutes to build, mostly for libraries that are not checked with sanitizers. The targets and
their dependencies are those of Package.swift; the sources are symbolic links.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def needed(targets: dict[str, dict], names: list[str]) -> list[dict]:
    """The targets with these names and their dependencies."""
    found: dict[str, dict] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found[name] = targets[name]
        for dependency in targets[name]["dependencies"]:
            if "byName" not in dependency:
                sys.exit(f"engine_package: {name} needs {dependency}, which is not in this package")
            pending.append(dependency["byName"][0])
    return [found[name] for name in targets if name in found]


def manifest(targets: list[dict]) -> str:
    lines = []
    for target in targets:
        kind = {"test": "testTarget", "regular": "target"}[target["type"]]
        dependencies = [dependency["byName"][0] for dependency in target["dependencies"]]
        path = f"path: {json.dumps(target['path'])}, " if target.get("path") else ""
        lines.append(f"    .{kind}(name: {json.dumps(target['name'])}, dependencies: {json.dumps(dependencies)}, "
                     f"{path}exclude: {json.dumps(target['exclude'])}),")
    return "\n".join([
        "// swift-tools-version: 6.2", "import PackageDescription", "", "let package = Package(", '  name: "sotto",',
        "  platforms: [.macOS(.v15)],", "  targets: [", *lines, "  ],", "  swiftLanguageModes: [.v6],",
        "  cLanguageStandard: .c17", ")", ""])


def main() -> None:
    folder = Path(sys.argv[1])
    dump = subprocess.run(
        ["swift", "package", "--package-path", str(ROOT), "dump-package"], check=True, capture_output=True)
    targets = {target["name"]: target for target in json.loads(dump.stdout)["targets"]}
    folder.mkdir(parents=True, exist_ok=True)
    text, file = manifest(needed(targets, sys.argv[2:])), folder / "Package.swift"
    # An unchanged file avoids a rebuild.
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    for name in ("Sources", "Tests"):
        if not (folder / name).is_symlink():
            os.symlink(ROOT / name, folder / name)


if __name__ == "__main__":
    main()
