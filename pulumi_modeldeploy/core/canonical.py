"""The canonical form of a request, as signatures that name their headers want it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import requests

UNRESERVED = "~"
"""What is not encoded, beside what `quote` never encodes: letters, digits and `_.-`."""


def payload(request: requests.PreparedRequest) -> bytes:
    """The body of a request as it is sent."""
    return request.body.encode() if isinstance(request.body, str) else request.body or b""


def host(request: requests.PreparedRequest) -> str:
    """The Host header; the usual port is not sent in it, even where the endpoint spells it."""
    url = urlsplit(str(request.url))
    usual = {"https": ":443", "http": ":80"}.get(url.scheme, "")
    return url.netloc.removesuffix(usual)


def canonical(
    request: requests.PreparedRequest,
    signed: Mapping[str, str],
    digest: str,
    *,
    closed: bool = False,
) -> tuple[str, str]:
    """Write a request in its canonical form.

    Args:
        request: The request.
        signed: The headers that are signed, by lower-case name.
        digest: The hash of its body.
        closed: Whether the path always ends in a slash.

    Returns:
        The text, and the names of the headers in it.
    """
    url, names = urlsplit(str(request.url)), ";".join(sorted(signed))
    lines = (
        str(request.method),
        _path(url.path, closed=closed),
        _query(parse_qsl(url.query, keep_blank_values=True)),
        "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
        names,
        digest,
    )
    return "\n".join(lines), names


def _path(path: str, *, closed: bool) -> str:
    """Encode each segment."""
    parts = (quote(unquote(part), safe=UNRESERVED) for part in path.split("/"))
    encoded = "/".join(parts) or "/"
    return encoded if encoded.endswith("/") or not closed else encoded + "/"


def _query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(
        f"{quote(key, safe=UNRESERVED)}={quote(one, safe=UNRESERVED)}" for key, one in sorted(pairs)
    )
