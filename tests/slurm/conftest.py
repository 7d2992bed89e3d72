import os
import tempfile
from pathlib import Path

import pytest
from slurm.cluster import Cluster, missing


@pytest.fixture(scope="session")
def cluster():
    """SLURM cluster for all tests of the session."""
    if why := missing():
        pytest.skip(f"no SLURM: {why}")
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))
    running = Cluster(folder, port=17000 + os.getpid() % 3000 * 5)
    try:
        running.start()
        yield running
    finally:
        running.stop()
