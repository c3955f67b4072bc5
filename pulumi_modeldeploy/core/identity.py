"""Who a resource is: the bookkeeping input `modeldeploy`, the mark and automatic names.

What stands here goes into every state and onto the clouds' objects: a change breaks stacks.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_modeldeploy.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXTERNAL = "external"
"""Key of the bookkeeping that says so of an object outside of the stack."""
REFUSED = "refused"
"""Key of the bookkeeping, in previews: what the check found wrong, for the program to say it."""
FIRST_SCHEMA = 1
SCHEMA = 1
"""Version of the state; raised when its meaning changes, and old ones stay readable."""


@dataclass(frozen=True)
class Identity:
    """Bookkeeping of one resource.

    Attributes:
        organization: Pulumi organisation; `organization` on file back ends.
        project: Pulumi project.
        stack: Pulumi stack.
        region: The cloud's region that the object lives in; empty where the endpoint decides.
        project_id: The cloud's project or account that it lives in.
        generation: How often it was replaced create-first; keeps automatic names apart.
        mark: 12 hex digits that say whose an object in the cloud is, see `mark`.
        schema: Version of the state.
        endpoint: Where the object was found last, in clouds that have no regions; no part of what
            it is: at another address of the same cloud it is the same object.
        profile: Name of the settings' profile that it is reached by; empty: by the plain ones.
        unsure: Names of arguments of which nobody knows what the cloud has: the next update sends
            them, whatever is wanted.
        secrets: Paths, in the user's spelling, of inputs that came out of secret Outputs: a
            provider sees them in plain text, and must keep them out of messages.
        adopted: Whether the object was there before and was taken over.
        external: Whether the object stays outside of the stack, which only reads it.
    """

    organization: str
    project: str
    stack: str
    region: str = ""
    project_id: str = ""
    generation: int = 0
    mark: str = ""
    schema: int = SCHEMA
    endpoint: str = ""
    profile: str = ""
    unsure: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), compare=False)
    adopted: bool = field(default=False, compare=False)
    external: bool = field(default=False, compare=False)

    @property
    def placed(self) -> bool:
        """Whether it is recorded where the object lives."""
        return bool(self.region or self.project_id or self.endpoint)

    def lives_elsewhere(self, other: Identity) -> bool:
        """Tell whether two identities are of different places; no region is no other region."""
        moved = self.region and other.region and self.region != other.region
        return bool(moved) or self.project_id != other.project_id

    def to_state(self) -> dict[str, Any]:
        """Spell it for the state."""
        state = asdict(self)
        state["projectId"] = state.pop("project_id")
        state["secrets"], state["unsure"] = list(self.secrets), list(self.unsure)
        return {key: one for key, one in state.items() if one or key not in _IF_ANY}

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Identity:
        """Read it from a state, however old."""
        return Identity(
            organization=str(state.get("organization", "")),
            project=str(state.get("project", "")),
            stack=str(state.get("stack", "")),
            region=str(state.get("region", "")),
            project_id=str(state.get("projectId", "")),
            generation=int(state.get("generation", 0)),
            mark=str(state.get("mark", "")),
            schema=_schema(state),
            endpoint=str(state.get("endpoint", "")),
            profile=str(state.get("profile", "")),
            unsure=tuple(state.get("unsure") or ()),
            secrets=tuple(state.get("secrets") or ()),
            adopted=bool(state.get("adopted")),
            external=bool(state.get(EXTERNAL)),
        )

    def marked(self, urn: str, owner: str) -> Identity:
        """Complete it with its mark."""
        return replace(self, mark=mark(self, urn, owner))


_IF_ANY = ("secrets", "endpoint", "profile", "unsure", "adopted", "external")
"""Keys that are left out where there is nothing to say."""


def _schema(state: Mapping[str, Any]) -> int:
    """Read the version of a state; one that a later release wrote is not touched."""
    schema = int(state.get("schema", FIRST_SCHEMA))
    if schema > SCHEMA:
        raise Refused(
            f"this state was written by a newer pulumi-modeldeploy (schema {schema}, this one "
            f"knows {SCHEMA}): upgrade the package"
        )
    return schema


def mark(identity: Identity, urn: str, owner: str = "") -> str:
    """Compute whose an object is: 6 hex digits of the stack, 6 of the resource and generation.

    The same name under parents of different types is two resources, hence the whole URN. `owner`
    (`modeldeploy:owner`) keeps stacks apart that share all names, as on several file back ends.
    """
    stack = f"{identity.organization}\n{identity.project}\n{identity.stack}\n{owner}"
    return _hex6(stack) + _hex6(f"{urn}\n{identity.generation}")


def _hex6(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


class Place(NamedTuple):
    """Where today's settings lead.

    Attributes:
        region: The cloud's region; empty where the endpoint decides.
        project_id: The cloud's project or account.
        endpoint: The address, in clouds that have no regions.
    """

    region: str = ""
    project_id: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class Naming:
    """How a cloud's automatic names are built.

    Attributes:
        argument: The argument that holds the name.
        most: Longest name.
        forbidden: Regular expression of what names cannot hold; replaced by the joint.
        joint: What stands between resource name and mark.
        lowered: Whether names hold lower-case letters only.
    """

    argument: str
    most: int
    forbidden: str
    joint: str = "-"
    lowered: bool = False

    def automatic(self, resource_name: str, text: str) -> str:
        """Build `<resource name>-<mark>`, within the cloud's characters and length."""
        room = self.most - len(text) - len(self.joint)
        name = resource_name.lower() if self.lowered else resource_name
        stem = re.sub(self.forbidden, self.joint, name)[:room].strip(self.joint) or "service"
        return f"{stem}{self.joint}{text}"

    def is_made_of(self, name: object, mark: str) -> bool:
        """Tell whether a name is an automatic one of a mark."""
        return str(name).endswith(f"{self.joint}{mark}")


CHOICES = 3
"""How many ids of one resource are tried."""


@dataclass(frozen=True)
class ChosenId:
    """Ids that the client chooses: who knows a resource's mark knows its object's id.

    Attributes:
        argument: The argument that holds an id that the user gives.
        make: Builds one out of a text.
        hint: What stands for the mark that an id was made of, which cannot be read back; empty:
            it was made of none.
    """

    argument: str
    make: Callable[[str], str]
    hint: Callable[[str], str] = lambda _: ""

    def all(self, values: Mapping[str, Any], mark: str) -> list[str]:
        """The ids to try, in this order: the given one, or those of the mark.

        Each of these is for where the cloud refuses the one before, although nobody has it.
        """
        given = values.get(self.argument)
        if given is not None:
            return [str(given)]
        return [self.make(mark), *(self.make(f"{mark}\n{n}") for n in range(1, CHOICES))]
