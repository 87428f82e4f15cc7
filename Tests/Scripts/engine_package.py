"""Writes a package of test targets and what they test, for builds with sanitizers: engine_package.py FOLDER TEST...

The whole package takes minutes to build, most of them for libraries that no sanitizer is meant for. The targets are
those that Package.swift names for the tests, with all that they need; their sources are linked to, not copied.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def needed(targets: dict[str, dict], names: list[str]) -> list[dict]:
    """The targets with these names and those that they depend on."""
    found: dict[str, dict] = {}
    left = list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        found[name] = targets[name]
        for dependency in targets[name]["dependencies"]:
            if "byName" not in dependency:
                sys.exit(f"engine_package: {name} needs {dependency}, which is not in this package")
            left.append(dependency["byName"][0])
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
    # Unchanged, it is not built again.
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    for name in ("Sources", "Tests"):
        if not (folder / name).is_symlink():
            os.symlink(ROOT / name, folder / name)


if __name__ == "__main__":
    main()
