"""One more line in a declaration is all that a new argument needs to be typed."""

from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.declare import NotRequired, Required, arg, output
from pulumi_modeldeploy.modelarts import Service, ServiceConfigArgs

if TYPE_CHECKING:
    import pulumi
    from typing_extensions import assert_type


class Larger(Service):
    """A service with one more argument and one more output."""

    colour: NotRequired[str] = arg(default=None, source="this test")
    """Colour of the service."""
    hue = output(int)
    """Hue that the cloud chose."""


class LargerConfigArgs(ServiceConfigArgs):
    """A version with one more argument."""

    size: Required[int] = arg(source="this test")
    """Size of the version."""


entry = LargerConfigArgs(model_id="m", specification="s", instance_count=1, weight=100, size=1)
larger = Larger("larger", infer_type="real-time", config=[entry], colour="red")
if TYPE_CHECKING:
    assert_type(larger.colour, pulumi.Output[str | None])
    assert_type(larger.hue, pulumi.Output[int])
    assert_type(entry.size, int)

Larger("ill-typed", infer_type="real-time", config=[entry], colour=1)  # wrong: a text is needed
LargerConfigArgs(  # wrong: size is missing
    model_id="m", specification="s", instance_count=1
)
