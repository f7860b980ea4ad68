"""`make` on machines that lack something: one sentence that mends it; and what is installed is installed once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.served import ROOT
from tests.waiting import wait_until

TOOLS = ("sh", "make", "sed", "cat", "cmp", "cp", "dirname", "rm", "mkdir", "sleep")
OLD = "sys.version_info = (3, 9, 18, 'final', 0)"
BARE = "sys.modules['ensurepip'] = None"


class Machine:
    """A machine with the tools `make` needs, a checkout, and the interpreters a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "okichat"
        self.programs = folder / "bin"
        self.lock = self.checkout / "requirements.txt"

    def prepare(self) -> None:
        """Put everything there but an interpreter."""
        self.programs.mkdir()
        for tool in TOOLS:
            self.programs.joinpath(tool).symlink_to(str(shutil.which(tool)))
        shutil.copytree(ROOT / "scripts", self.checkout / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Makefile", self.checkout)
        self.lock.write_text("# nothing to download\n")

    def has_python(self, name: str, pretence: str = "pass", ready: Path | None = None) -> None:
        """An interpreter that pretends something, where it is asked with -c.

        `ready`: the virtual environment that it copies where it is asked for one, as making one takes seconds."""
        script = f"import sys; {pretence}; exec(sys.argv[1])"
        real = sys.executable
        lines = [f'if [ "$1" = -c ]; then exec "{real}" -c "{script}" "$2"; fi', f'exec "{real}" "$@"']
        if ready:
            lines.insert(1, f'if [ "$1 $2" = "-m venv" ]; then exec cp -R "{ready}/." "$3"; fi')
        self.add_program(name, "\n".join(lines))

    def add_program(self, name: str, script: str) -> None:
        """A shell script on the PATH."""
        program = self.programs / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command in the checkout, with nothing else on the PATH."""
        return subprocess.run(
            command,
            cwd=self.checkout,
            env=self._environment() | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=160,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The same, and the test goes on meanwhile."""
        return subprocess.Popen(command, cwd=self.checkout, env=self._environment(), stdout=subprocess.PIPE, text=True)

    def _environment(self) -> dict[str, str]:
        return {"PATH": str(self.programs), "HOME": os.environ.get("HOME", "/")}

    def install(self, **environment: str) -> str:
        """What the first step of `make run` prints."""
        done = self.run("sh", "scripts/install.sh", "run", **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def first_installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, str]:
    """A machine behind whose old python3 a fit one is found, and what its installation printed."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.prepare()
    machine.has_python("python3", OLD)
    machine.has_python("python3.12")
    return machine, machine.install()


@pytest.fixture(scope="module")
def ready(first_installation: tuple[Machine, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as `python -m venv` leaves it."""
    original, _ = first_installation
    environment = tmp_path_factory.mktemp("ready") / "venv"
    shutil.copytree(original.checkout / ".venv", environment, symlinks=True)
    (environment / "okichat-run.txt").unlink()
    return environment


@pytest.fixture
def installed(first_installation: tuple[Machine, str], ready: Path, tmp_path: Path) -> Machine:
    """A machine of one's own where the installation is done."""
    original, _ = first_installation
    shutil.copytree(original.checkout.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    machine = Machine(tmp_path)
    machine.has_python("python3.12", ready=ready)
    return machine


@pytest.mark.parametrize(
    ("pretence", "sentence"),
    [
        (OLD, "Okichat needs Python 3.11 or newer (found only 3.9): install it"),
        (
            BARE,
            f"Python {sys.version_info.major}.{sys.version_info.minor} is here without its venv module: install that",
        ),
        (None, "Okichat needs Python 3.11 or newer (none was found): install it"),
    ],
)
@pytest.mark.parametrize("command", ["run", "test", "check"])
def test_an_unfit_python_gets_one_sentence_that_says_what_to_install(
    command: str, pretence: str | None, sentence: str, machine: Machine
) -> None:
    if pretence:
        machine.has_python("python3", pretence)

    done = machine.run("make", command)

    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].startswith(sentence)
    assert "PYTHON=/path/to/python3" in said[0]
    assert not (machine.checkout / ".venv").exists()


def test_a_fit_python_is_found_behind_an_unfit_python3(first_installation: tuple[Machine, str]) -> None:
    _, printed = first_installation

    assert "Making .venv with python3.12 " in printed
    assert "Installing requirements.txt into .venv" in printed


def test_the_interpreters_of_pyenv_are_found_though_its_commands_refuse_the_version_of_the_hosts(
    machine: Machine, ready: Path
) -> None:
    for name in ("python3", "python3.11"):
        machine.add_program(name, "echo 'pyenv: version 3.13 is not installed' >&2; exit 127")
    machine.add_program("pyenv", 'echo "$(dirname "$0")/../pyenv"')
    machine.has_python("../pyenv/versions/3.12.1/bin/python3", ready=ready)

    assert "pyenv/versions/3.12.1/bin/python3 (" in machine.install()


def test_what_is_installed_is_not_installed_again_until_the_lock_changes(installed: Machine) -> None:
    assert installed.install() == ""

    installed.lock.write_text("# another lock\n")
    assert "Installing requirements.txt" in installed.install()
    assert installed.install() == ""


def test_an_interrupted_installation_is_begun_afresh(installed: Machine) -> None:
    installed.lock.write_text("okichat-has-no-such-package==1 --hash=sha256:" + 64 * "0" + "\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(installed.checkout)}

    failed = installed.run("sh", "scripts/install.sh", "run", **offline)
    assert failed.returncode == 1
    assert "the same command tries again" in failed.stderr
    half_done = installed.checkout / ".venv" / "half-done"
    half_done.touch()

    installed.lock.write_text("# nothing to download\n")
    assert "Making .venv" in installed.install()
    assert not half_done.exists()


def test_a_second_make_waits_for_the_one_that_installs(installed: Machine) -> None:
    marker = installed.checkout / ".venv" / "okichat-unfinished"
    other_make = "echo $$ > .venv/okichat-unfinished; read end; rm .venv/okichat-unfinished"
    with subprocess.Popen(["sh", "-c", other_make], cwd=installed.checkout, stdin=subprocess.PIPE) as other:
        wait_until(lambda: marker.exists() and marker.read_text(), "another make installs")
        with installed.start("sh", "scripts/install.sh", "run") as second:
            assert second.stdout
            first_line = second.stdout.readline()
            other.communicate(b"end\n")
            rest = second.stdout.read()

    assert (first_line, rest) == (f"Waiting for process {other.pid}, which installs into .venv.\n", "")
    assert second.returncode == 0


def test_a_virtual_environment_whose_python_is_gone_is_made_anew(installed: Machine) -> None:
    (installed.checkout / ".venv" / "bin" / "python").unlink()

    assert "Making .venv" in installed.install()
    assert installed.install() == ""


def test_make_alone_lists_every_command_in_one_line_each(machine: Machine) -> None:
    listed = [line.split()[1] for line in machine.run("make").stdout.splitlines()]

    assert listed == (
        "help run test test-deploy check format docs faults attack soak simulate bench prove-budget prices lighthouse growth lock clean".split()
    )
