"""`python -m okichat …`: the same commands as `flask okichat …`, with the settings of the current folder."""

from __future__ import annotations

from flask.cli import ScriptInfo

from okichat import create_app
from okichat.cli import commands
from okichat.factory import configure_logging


def main() -> None:
    """Run one command; the app is only made for those that need it."""
    configure_logging(of_command=True)
    commands.main(prog_name="python -m okichat", obj=ScriptInfo(create_app=create_app, set_debug_flag=False))


if __name__ == "__main__":
    main()
