"""What the core's tests share: the synthetic cloud, and how long hypothesis may search."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `--import-mode=importlib` leaves it out; the neighbours import `synthetic` by its name.
sys.path.insert(0, str(Path(__file__).parent))

from synthetic import JOBS, NAMED, World

settings.register_profile(
    "core",
    deadline=None,  # two shared cores: time says nothing
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("core")

SHAPES = {
    "server chooses id": {"by": "server", "jobs": None},
    "addressed by name": {"by": "name", "jobs": None},
    "client chooses id": {"by": "client", "jobs": None},
    "jobs": {"by": "server", "jobs": JOBS},
    "jobs, by name": {"by": "name", "jobs": JOBS},
    "jobs, client chooses id": {"by": "client", "jobs": JOBS},
    "client chooses id and jobs": {"by": "client", "jobs": NAMED},
}


@pytest.fixture(params=list(SHAPES))
def world(request: pytest.FixtureRequest) -> World:
    """A synthetic cloud, in each of its shapes."""
    return World(**SHAPES[request.param])


@pytest.fixture
def plain() -> World:
    """A synthetic cloud of the plainest shape."""
    return World()
