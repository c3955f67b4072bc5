"""What is taken for a secret: by the name of a variable, and by forms that keys have.

The tables are short on purpose. gitleaks, detect-secrets and TruffleHog know hundreds of forms, and
texts of much disorder; here are those of what model services are given and no ordinary text looks
like. Ids of models, images and datasets are texts of much disorder too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(
    r"""(?:
        # These end a word, too: PGPASSWORD.
        PASSWORDS? | PASSWD | PASSPHRASE
        # These are words of their own, and the last one: MAX_TOKENS and TOKENIZER are none.
        | (?:^|[_.-])(?:
            PASS | PWD | CREDS? | CREDENTIALS?
            | (?:API|ACCESS|AUTH)?TOKEN
            # In charts and manifests these name an object that holds the secret.
            | (?<!PULL[_.-])(?<!TLS[_.-])(?<!EXISTING[_.-])(?:CLIENT|APP)?SECRETS?
            # A key alone may be anybody's: PRIMARY_KEY, PUBLIC_KEY.
            | (?:ACCESS|ACCOUNT|API|APP|AUTH|ENCRYPTION|MASTER|PRIVATE|SECRET|SIGNING|SSH|STORAGE)
              [_.-]?KEYS?
        )
    )$""",
    re.IGNORECASE | re.VERBOSE,
)

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins within a name such as `dbPassword`."""


def is_name(name: str) -> bool:
    """Tell whether a variable of this name holds a secret; a number at the end does not matter."""
    words = _WORDS.sub("_", name)
    return _NAME.search(re.sub(r"[_.-]*[0-9]+$", "", words)) is not None


def is_plain(value: str) -> bool:
    """Tell whether a value is a truth value or a short number: `DISABLE_TOKEN=1`."""
    plain = r"(?i:true|false|yes|no|on|off|none|null|auto)|-?[0-9]{1,5}(\.[0-9]+)?"
    return re.fullmatch(plain, value.strip()) is not None


_REFERENCE = re.compile(
    r"""
    (?:~|\.{0,2})/\S* | [A-Za-z]:\\\S*               # the path of a file that holds it
    | (?:arn|file|https?|op|secretsmanager|ssm|urn|vault):\S*     # where else it is kept
    | \$\{.*\} | \$\(.*\) | \$[A-Z_][A-Z0-9_]* | \{\{.*\}\} | %\w+%     # a variable
    | <[^<>]*> | \[[^\]"',]*\]       # a placeholder, or a token of a tokenizer such as [CLS]
    """,
    re.VERBOSE | re.DOTALL,
)


def is_reference(value: str) -> bool:
    """Tell whether a value says where a secret is, or stands for one."""
    return _REFERENCE.fullmatch(value.strip()) is not None


FORMS: Mapping[str, str] = {
    "private keys": r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY",
    "AWS, also for what speaks S3": r"\b(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}\b",
    "Alibaba Cloud": r"\bLTAI[0-9A-Za-z]{12,26}\b",
    "Alibaba Cloud, temporary": r"\bSTS\.[0-9A-Za-z]{20,}",
    "Hugging Face": r"\b(?:hf|api_org)_[0-9A-Za-z]{30,}\b",
    "NVIDIA": r"\bnvapi-[\w-]{20,}",
    "OpenAI, Anthropic and who imitates them": r"\bsk-[\w-]{0,200}\w{20}",
    "Google": r"\bAIza[\w-]{35}",
    "GitHub": r"\bgh[pousr]_[0-9A-Za-z]{36}|\bgithub_pat_\w{36}",
    "GitLab": r"\bglpat-[\w-]{20}",
    "Slack": r"\bxox[a-z]-[\w-]{10}|\bxapp-[0-9]-[\w-]{10}",
    "signed tokens (JWT)": r"\beyJ[\w-]{10,500}\.eyJ[\w-]{10}",
    "passwords in URLs": r"\w://[^/\s:@]*:[^/\s:@$<{]+@",
    "passwords in connection strings": (
        r"(?i:(?:^|[?&;])\s*(?:password|pwd|account_?key|shared_?access_?key)\s*="
        r"\s*[^\s;&/$<{\[*])"
    ),
}
"""Forms that keys have, by who gives them out; sources: `config/gitleaks.toml` of gitleaks,
TruffleHog's detectors `alibaba` and `nvapi`, AssumeRole of Alibaba Cloud."""

_FORM = re.compile("|".join(FORMS.values()))


def is_key(text: str) -> bool:
    """Tell whether a text is, or holds, something of the form of a key or password."""
    return _FORM.search(text) is not None


_PAIR = re.compile(
    r"""
    (?<![\w./$-])
    (?: --(?P<option>[A-Za-z][\w-]*)(?:=|[ \t]+)
      | (?P<name>[A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]* )
    # Looked at only: it may be a pair as well. What begins otherwise is no plain value.
    (?= "(?P<double>[^"\n]{0,200})"
      | '(?P<single>[^'\n]{0,200})'
      | (?P<bare>[\w/+.~][^\s"',;(){}\[\]]{0,200}) )
    """,
    re.VERBOSE,
)


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Walk over what looks like a name and its value in a command or configuration."""
    for one in _PAIR.finditer(text):
        found = one.groupdict("")
        yield found["option"] or found["name"], found["double"] or found["single"] or found["bare"]


def is_no_word(value: str) -> bool:
    """Tell whether a value holds more than letters, so that it is no mere word or name."""
    return re.fullmatch(r"[A-Za-z_.-]*", value) is None
