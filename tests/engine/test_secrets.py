"""A cloud that repeats what it was sent in its errors: nothing secret reaches the screen."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Stack

PROGRAM = r"""
hide = pulumi.Output.secret
service(
    "svc",
    description=hide("pw3"),
    config=[
        config(
            "m1",
            hide(37),
            envs={
                "QUOTED": hide('zq"zot\\zec\nzet'),
                "SHORT": hide("tok"),
                "LONG": hide("long-secret"),
            },
        ),
        config("m2", 63, custom_spec={"cpu": hide(1.37), "memory": hide(123457)}),
    ],
)
"""


class Echo(BaseHTTPRequestHandler):
    """Finds nothing, and refuses everything with all that it was sent."""

    def do_GET(self) -> None:
        self._answer(200, {"services": [], "total_count": 0})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = f"{body} {json.loads(body)!r} {dict(self.headers)!r}"
        self._answer(400, {"error_code": "ModelArts.0104", "error_msg": said})

    def _answer(self, status: int, document: dict[str, object]) -> None:
        answer = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    """The URL of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("debug", ["", "1"], ids=["message", "traceback"])
def test_nothing_secret_is_in_an_error(stack: Stack, echo: str, debug: str) -> None:
    stack.environment |= {
        "MODELARTS_ENDPOINT": echo,
        "HW_SECURITY_TOKEN": "temporary-token",
        "MODELDEPLOY_DEBUG": debug,
    }
    stack.configure("modeldeploy:skipRules", "custom-spec,custom-pool")
    stack.program(PROGRAM)
    run = stack.try_up()
    assert not run.ok
    assert "ModelArts.0104" in run.diagnostics
    assert ("Traceback" in run.output) is bool(debug)
    secrets = ("zq", "zot", "zec", "zet", "tok", "long-secret", "pw3", "37", "1.37", "123457")
    credentials = (stack.environment["HW_ACCESS_KEY"], "temporary-token")
    told = run.diagnostics.partition("CreateService: ")[2]
    assert "weight" in told
    shown = [one for one in (*secrets, *credentials) if re.search(rf"\b{re.escape(one)}\b", told)]
    assert shown == []
