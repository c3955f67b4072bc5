"""`modeldeploy emulator` as a program: what it prints, how it stops, what it refuses."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy import cli
from pulumi_modeldeploy.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "pulumi_modeldeploy.cli"]
NAMES = [
    "MODELARTS_ENDPOINT",
    "MODELARTS_IAM_ENDPOINT",
    "MODELARTS_VPC_ENDPOINT",
    "HW_ACCESS_KEY",
    "HW_SECRET_KEY",
    "HW_REGION_NAME",
    "HW_PROJECT_ID",
    "ZSTACK_ENDPOINT",
    "ZSTACK_ACCESS_KEY_ID",
    "ZSTACK_ACCESS_KEY_SECRET",
    "PAI_EAS_ENDPOINT",
    "PAI_VPC_ENDPOINT",
    "PAI_ECS_ENDPOINT",
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_REGION_ID",
]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "emulator", *words], capture_output=True, text=True, timeout=30, check=False
    )


@contextmanager
def started(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start the emulator and give its output up to the line that says where it listens."""
    with subprocess.Popen(
        [*COMMAND, "emulator", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if line.startswith("# listening"):
                    break
            yield process, lines
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_prints_where_it_listens_and_stops_cleanly(number: signal.Signals) -> None:
    with started("--port", "0") as (process, lines):
        (line,) = lines
        url = re.fullmatch(r"# listening on (http://127\.0\.0\.1:\d+)", line)[1]
        assert requests.get(f"{url}/_emulator/health", timeout=10).json() == {"status": "ok"}
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""


def test_prints_an_environment_that_works(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with started("--print-env", "--port", "0", "--deploy-time", "9", "--state", state) as (
        _,
        lines,
    ):
        exports = [line for line in lines if not line.startswith("#")]
        pairs = [re.fullmatch(r"export ([A-Z_]+)=(\S+)", line).groups() for line in exports]
        env = dict(pairs)
        assert list(env) == NAMES
        url = lines[-1].removeprefix("# listening on ")
        assert {env[name] for name in NAMES if name.endswith("_ENDPOINT")} == {url}
        assert (env["HW_REGION_NAME"], len(env["HW_PROJECT_ID"])) == ("cn-north-4", 32)
        token = next(line for line in lines if "HW_AUTH_TOKEN" in line).partition("=")[2]
        services = f"{url}/v1/{env['HW_PROJECT_ID']}/services"
        headers = {"X-Auth-Token": token}
        assert requests.get(services, headers=headers, timeout=10).json()["total_count"] == 0
        clock = requests.post(f"{url}/_emulator/clock", json={}, timeout=10).json()
        assert clock["deploySeconds"] == 9
        assert state.exists()


def test_exec_runs_a_command_in_the_environment() -> None:
    script = (
        "import os, sys, requests;"
        "url = os.environ['MODELARTS_ENDPOINT'];"
        "print(requests.get(url + '/_emulator/health').json()['status'], sys.argv[1:]);"
        f"print(all(name in os.environ for name in {NAMES!r}), os.environ['HOME'] != '');"
        "sys.exit(7)"
    )
    done = run("exec", "--deploy-time", "0", "--", sys.executable, "-c", script, "--port", "--")
    assert done.returncode == 7
    assert done.stdout == "ok ['--port', '--']\nTrue True\n"
    assert done.stderr == ""


def test_exec_says_by_which_signal_a_command_died() -> None:
    done = run("exec", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert done.returncode == 128 + 9


def test_exec_hands_sigterm_on() -> None:
    script = (
        "import signal, sys;"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5));"
        "print('# listening', flush=True);"
        "signal.pause()"
    )
    with started("exec", "--", sys.executable, "-c", script) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 5


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--port", "70000"], 2, "--port"),
        (["--deploy-time", "-1"], 2, "--deploy-time"),
        (["--deploy-time", "inf"], 2, "--deploy-time"),
        (["--unheard-of"], 2, "--unheard-of"),
        (["exec"], 2, "a command is needed after --"),
        (["exec", "--print-env", "--", "true"], 2, "--print-env"),
        (["exec", "--", "/no/such/command"], 127, "cannot run /no/such/command"),
    ],
)
def test_refuses_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], code: Any, says: str
) -> None:
    assert inside(words) == code
    printed = capsys.readouterr()
    assert says in printed.err.splitlines()[-1]
    assert printed.out == ""


def inside(words: list[str]) -> int | str | None:
    """Run the command in this process, for its code and output."""
    try:
        return cli.main(["emulator", *words])
    except SystemExit as leaving:
        return leaving.code


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize("words", [[], ["exec"]])
def test_says_in_one_line_that_the_port_is_taken(
    capsys: pytest.CaptureFixture[str], taken: str, words: list[str]
) -> None:
    assert inside([*words, "--port", taken, *(["--", "true"] if words else [])]) == 1
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert f"127.0.0.1:{taken}" in line
    assert printed.out == ""


def test_a_program_whose_port_is_taken_exits_with_one_line(taken: str) -> None:
    done = run("--port", taken)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("words", [[], ["exec"]])
def test_says_in_one_line_that_the_state_is_bad(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    state = tmp_path / "state.json"
    state.write_text("{")
    tail = ["--", "true"] if words else []
    assert inside([*words, "--port", "0", "--state", str(state), *tail]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(state) in line


def test_says_how_to_install_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError(name='aiohttp')")
    done = subprocess.run(
        [*COMMAND, "emulator"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "pip install 'pulumi-modeldeploy[emulator]'" in line


def test_the_command_names_its_sub_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        cli.main(["--help"])
    assert leaving.value.code == 0
    assert "emulator" in capsys.readouterr().out
    for words in ([], ["emulators"]):
        with pytest.raises(SystemExit) as leaving:
            cli.main(words)
        assert leaving.value.code == 2
        assert "emulator" in capsys.readouterr().err or not words


def test_an_emulator_that_cannot_start_says_why(taken: str) -> None:
    with pytest.raises(OSError, match="address already in use"), Emulator(port=int(taken)):
        pass


def test_an_emulator_in_a_test_leaves_nothing_behind() -> None:
    with Emulator() as emulator:
        url = emulator.url
        assert set(emulator.env) == set(NAMES)
        assert requests.get(f"{url}/_emulator/health", timeout=10).ok
        with requests.Session() as session:
            session.get(f"{url}/_emulator/health", timeout=10)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/_emulator/health", timeout=10)
