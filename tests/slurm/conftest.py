import tempfile
from pathlib import Path

import pytest
from slurm.cluster import Cluster, missing


@pytest.fixture(scope="session")
def cluster():
    """One cluster for all drills."""
    if why := missing():
        pytest.skip(f"no SLURM: {why}")
    running = Cluster(Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp")))
    try:
        running.start()
        yield running
    finally:
        running.stop()
