"""`modeldeploy emulator`: serve until stopped, or for as long as a command runs."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.environment import environment, further_credentials, inside
from pulumi_modeldeploy.emulator.server import Server
from pulumi_modeldeploy.emulator.store import BadStateError
from pulumi_modeldeploy.emulator.thread import Emulator
from pulumi_modeldeploy.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

PORT = 4599
DEPLOY_SECONDS = 2.0
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def main(argv: Sequence[str]) -> int:
    """Run `modeldeploy emulator ARGV` and return the exit code."""
    if argv and argv[0] == "exec":
        return _exec(argv[1:])
    options = _parser(exec_=False).parse_args(argv)
    try:
        return asyncio.run(_serve(options))
    except (OSError, BadStateError) as error:
        return _refuse(options, error)


def _parser(*, exec_: bool) -> argparse.ArgumentParser:
    name = "modeldeploy emulator"
    parser = argparse.ArgumentParser(
        prog=f"{name} exec" if exec_ else name,
        description=(
            "Run COMMAND against an emulator of its own and exit with its code."
            if exec_
            else "Serve the emulated APIs until stopped."
        ),
        epilog=None if exec_ else f"{name} exec -- COMMAND runs a command against an emulator.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=_port,
        default=0 if exec_ else PORT,
        help="port to listen on, 0 for a free one (%(default)s)",
    )
    parser.add_argument(
        "--deploy-time",
        type=_seconds,
        default=DEPLOY_SECONDS,
        metavar="SECONDS",
        help="time from deploying to running (%(default)s)",
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keep the state in a file across restarts"
    )
    if not exec_:
        parser.add_argument(
            "--print-env",
            action="store_true",
            help="print endpoints and credentials as export lines first",
        )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the range of ports
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError("must not be negative")
    return seconds


async def _serve(options: argparse.Namespace) -> int:
    server = Server(World(options.deploy_time, options.state), host=options.host, port=options.port)
    await server.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPPING:
        loop.add_signal_handler(number, stop.set)
    if options.print_env:
        _print_environment(server.url)
    print(f"# listening on {server.url}", flush=True)  # noqa: T201 - what it is for
    await stop.wait()
    await server.stop()
    return 0


def _print_environment(url: str) -> None:
    for name, value in environment(url).items():
        print(f"export {name}={value}")  # noqa: T201 - what it is for
    for name, value in further_credentials().items():
        print(f"# also accepted: {name}={value}")  # noqa: T201 - as above


def _exec(argv: Sequence[str]) -> int:
    split = argv.index("--") if "--" in argv else len(argv)
    parser = _parser(exec_=True)
    parser.usage = "%(prog)s [options] -- COMMAND..."
    options = parser.parse_args(argv[:split])
    command = argv[split + 1 :]
    if not command:
        parser.error("a command is needed after --")
    try:
        with Emulator(
            deploy_time=options.deploy_time,
            state=options.state,
            host=options.host,
            port=options.port,
        ) as emulator:
            return _run(command, inside(os.environ, emulator.url))
    except (OSError, BadStateError) as error:
        return _refuse(options, error)


def _run(command: Sequence[str], environ: dict[str, str]) -> int:
    """Run a command and return its code as a shell would."""
    try:
        child = subprocess.Popen(command, env=environ)  # noqa: S603 - the user's own command
    except OSError as error:
        _complain(f"cannot run {command[0]}: {error.strerror}")
        return 127
    # Ctrl-C reaches the command by itself, and a second one would mean more to it.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = child.wait()
    return code if code >= 0 else 128 - code


def _refuse(options: argparse.Namespace, error: Exception) -> int:
    problem = str(error)
    if isinstance(error, OSError):
        # asyncio repeats the address in the text; a host that does not exist has no such number.
        number = error.errno or 0
        reason = os.strerror(number) if number in errno.errorcode else error.strerror
        problem = f"cannot listen on {options.host}:{options.port}: {reason}"
    _complain(problem)
    return 1


def _complain(problem: str) -> None:
    print(f"modeldeploy emulator: {problem}", file=sys.stderr)  # noqa: T201 - what it is for
