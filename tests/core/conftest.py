"""What the core's tests share: the synthetic cloud, and how long hypothesis may search."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `--import-mode=importlib` leaves it out; the neighbours import `synthetic` by its name.
sys.path.insert(0, str(Path(__file__).parent))

from synthetic import World

settings.register_profile(
    "core",
    deadline=None,  # two shared cores: time says nothing
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("core")

SHAPES = {
    "server chooses id": {"by": "server", "jobs": False},
    "addressed by name": {"by": "name", "jobs": False},
    "client chooses id": {"by": "client", "jobs": False},
    "jobs": {"by": "server", "jobs": True},
    "jobs, by name": {"by": "name", "jobs": True},
    "jobs, client chooses id": {"by": "client", "jobs": True},
}


@pytest.fixture(params=list(SHAPES))
def world(request: pytest.FixtureRequest) -> World:
    """A synthetic cloud, in each of its shapes."""
    return World(**SHAPES[request.param])


@pytest.fixture
def plain() -> World:
    """A synthetic cloud of the plainest shape."""
    return World()
