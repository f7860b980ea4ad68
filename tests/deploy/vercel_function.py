"""What Vercel makes of this checkout: its own tool builds, and the function it has built runs under Vercel's own server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served import ROOT, clean_environment

TOOLS = ROOT / ".host-tools"
_LEFT_OUT = (".git", ".venv", ".host-tools", ".vercel", "__pycache__", "instance", "build", "dist", ".*_cache", ".env*")
_START_S = 60.0
_SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
import vc__handler__python
import vercel_runtime.vc_init
print("port", vercel_runtime.vc_init.http_port, flush=True)
sys.stdin.read()
"""


def host_tool(name: str, script: str) -> list[str]:
    """The command of a tool that scripts/install_host_tools.sh has installed. Skips the test where it has not."""
    packages = TOOLS / name / "node_modules"
    command = [str(packages / "node" / "bin" / "node"), str(packages / script)]
    if not all(Path(part).is_file() for part in command):
        pytest.skip(f"the tool of {name} is not installed: sh scripts/install_host_tools.sh")
    return command


def wanted_python() -> str:
    """An interpreter of the version in .python-version, which Vercel's build takes too. Skips the test where there is none."""
    version = (ROOT / ".python-version").read_text().strip()
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    found = str(pyenv[-1]) if pyenv else shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"Python {version} is not installed, which Vercel would run")
    return found


def build(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`vercel build` on a copy of the checkout in `folder`, as Vercel does it after a push, with these variables."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (folder / ".vercel").mkdir()
    project = {"projectId": "prj_test", "orgId": "team_test", "settings": {"framework": "flask"}}
    (folder / ".vercel" / "project.json").write_text(json.dumps(project))
    command = host_tool("vercel", "vercel/dist/vc.js")
    programs = [str(Path(wanted_python()).parent), sysconfig.get_path("scripts"), os.environ["PATH"]]
    # What a firm's network needs to reach a registry stays; what would set the app goes.
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")}
    environment = own | {"VERCEL": "1", "VERCEL_TELEMETRY_DISABLED": "1"} | settings
    return subprocess.run(
        [*command, "build", "--yes"],
        cwd=folder,
        env=environment | {"PATH": os.pathsep.join(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def unpack(built: Path, folder: Path) -> Path:
    """The files of the function as Vercel puts them on its machines."""
    [function] = (built / ".vercel" / "output" / "functions").glob("*.func")
    config = json.loads((function / ".vc-config.json").read_text())
    shutil.copytree(function, folder)
    for name, source in config["filePathMap"].items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built / source, target)
    return folder


@contextmanager
def serving(function: Path, log: Path, environment: Mapping[str, str]) -> Iterator[int]:
    """The function under Vercel's own server of this version; gives the port."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [wanted_python(), "-c", _SERVE, str(function)],
            cwd=function,
            env=clean_environment(VERCEL="1", **environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    try:
        until_s = time.monotonic() + _START_S
        while not (found := re.search(r"^port (\d+)$", log.read_text(), re.MULTILINE)):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until_s, "the function does not start"
            time.sleep(0.05)
        yield int(found[1])
    finally:
        process.kill()
        process.wait(20)
