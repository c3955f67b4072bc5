"""The `modeldeploy` command: finds the sub-command and hands over to its module."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple

import pulumi_modeldeploy

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(NamedTuple):
    """A sub-command: what it is for, the module whose `main(argv)` runs it, the extra it needs."""

    help: str
    module: str
    extra: str | None = None


COMMANDS = {
    "emulator": Command(
        "serve emulated cloud APIs on this machine",
        "pulumi_modeldeploy.emulator.command",
        "emulator",
    ),
}

#: Modules that come with an extra only.
_EXTRA_MODULES = frozenset({"aiohttp"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code (2: wrong usage, 1: it did not work)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in COMMANDS:
        _parser().parse_args(words)  # --help, or a refusal that names the commands
    command = COMMANDS[words[0]]
    try:
        module = importlib.import_module(command.module)
    except ModuleNotFoundError as error:
        if command.extra is None or (error.name or "").partition(".")[0] not in _EXTRA_MODULES:
            raise
        needed = f"pip install 'pulumi-modeldeploy[{command.extra}]'"
        sys.stderr.write(f"modeldeploy {words[0]}: needs an extra, {needed}\n")
        return 1
    code: int = module.main(words[1:])
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modeldeploy", description="Model-serving deployments as Pulumi resources."
    )
    parser.add_argument("--version", action="version", version=pulumi_modeldeploy.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.help, add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
