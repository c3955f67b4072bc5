"""Lets the neighbours import `samples` by its name, which `--import-mode=importlib` leaves out."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
