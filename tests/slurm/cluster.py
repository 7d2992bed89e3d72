"""SLURM cluster on this machine for tests: a controller and simulated nodes, with all files in one folder.

Needs root and Debian's packages slurmctld, slurmd, slurm-client and munge. Changes nothing in /etc, starts no service.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "munged")
SETTINGS = """\
ClusterName=drill
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,bf_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=300
SlurmdParameters=config_overrides
KillWait=30
MinJobAge=3600
JobRequeue=1
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} Sockets=1 "
    "CoresPerSocket={cpus} ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN\n"
)


def missing() -> str:
    """Return why a cluster cannot run here; empty if it can."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "the daemons of SLURM need root"


class Cluster:
    """SLURM cluster; sbatch, scancel and scontrol of this process use it between `start` and `stop`.

    Args:
        folder: Folder of all files; its path must be short, because it holds a socket.
        nodes: Number of nodes, named n1, n2, ...
        cpus: CPUs that each node reports.
        port: Port of the controller; the nodes use the next ones.
    """

    def __init__(self, folder: Path, nodes: int = 2, cpus: int = 4, port: int = 17817) -> None:
        self.folder, self.nodes, self.cpus, self.port = folder, nodes, cpus, port
        self.pids: list[int] = []
        self.own = {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "MASTER_ADDR": "127.0.0.1",  # n1 cannot be resolved
        }
        self.environment = {**os.environ, **self.own}

    def run(self, *words: str) -> str:
        """Run a program of SLURM and return its output."""
        answer = subprocess.run(
            words, capture_output=True, text=True, env={**os.environ, **self.own}, timeout=60
        )
        if answer.returncode:
            raise RuntimeError(f"{' '.join(words)}: {answer.stderr}")
        return answer.stdout.strip()

    def start(self) -> None:
        """Start the controller and the nodes."""
        for name in ("munge", "state", *(f"spool.n{i + 1}" for i in range(self.nodes))):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        host = socket.gethostname().partition(".")[0]
        text = SETTINGS.format(host=host, port=self.port, folder=self.folder)
        for i in range(1, self.nodes + 1):
            text += NODE.format(name=f"n{i}", host=host, port=self.port + i, cpus=self.cpus)
        text += "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
        (self.folder / "slurm.conf").write_text(text)
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o600)
        places = ("socket", "key-file", "pid-file", "log-file", "seed-file")
        self.run("munged", "--force", *(f"--{p}={munge / p.removesuffix('-file')}" for p in places))
        conf = self.environment["SLURM_CONF"]
        self.run("slurmctld", "-c", "-f", conf)
        for i in range(1, self.nodes + 1):
            self.run("slurmd", "-N", f"n{i}", "-f", conf)
        wait(lambda: set(self.run("sinfo", "-h", "-N", "-o", "%T").split()) == {"idle"}, 60)

    def stop(self) -> None:
        """Cancel all jobs and stop the daemons that this object started."""
        for state in ("PENDING", "RUNNING"):
            subprocess.run(["scancel", "--quiet", f"--state={state}"], env=self.environment)
        with suppress(TimeoutError, RuntimeError):
            wait(lambda: not self.run("squeue", "-h"), 30)
        pids = [*self.folder.glob("slurmd.*.pid"), self.folder / "slurmctld.pid"]
        for path in [*pids, self.folder / "munge" / "pid"]:
            if path.is_file() and path.read_text().strip():
                os.kill(int(path.read_text()), signal.SIGTERM)
        time.sleep(1)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def lost(self, node: str, job: str) -> Iterator[None]:
        """Simulate a lost node: its daemon is killed, its processes are stopped, and no connection is closed.

        The node is set to DOWN, as SLURM would do after SlurmdTimeout. At the end the node returns as after a reboot
        (ReturnToService=2), without its processes.
        """
        os.kill(int((self.folder / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
        stopped = {pid for pid in pids if self._belongs_to(node, job, pid)}
        stopped |= {_parent(pid) for pid in stopped} - {1}  # SLURM's own, which supervise them
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            self.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=drill")
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.run("slurmd", "-N", node, "-f", self.own["SLURM_CONF"])

    def _belongs_to(self, node: str, job: str, pid: int) -> bool:
        """Return whether a process belongs to a job of this cluster on a node."""
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        wanted = {
            "SLURMD_NODENAME": node,
            "SLURM_JOB_ID": job,
            "SLURM_CONF": self.own["SLURM_CONF"],
        }
        return {f"{key}={value}".encode() for key, value in wanted.items()} <= set(variables)

    def state(self, job: str) -> dict[str, str]:
        """Return the fields that scontrol shows for a job or a task of an array."""
        words = self.run("scontrol", "-o", "show", "job", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def ended(self, job: str, timeout: int = 600) -> dict[str, str]:
        """Wait for the end of a job; a requeued job starts without SLURM's delay of two minutes."""
        over = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL")

        def done() -> bool:
            state = self.state(job)
            if state["JobState"] == "PENDING" and state.get("Reason") == "BeginTime":
                self.run("scontrol", "update", f"JobId={job}", "StartTime=now")
            return state["JobState"] in over

        wait(done, timeout)
        return self.state(job)


def _parent(pid: int) -> int:
    """Return the parent of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def wait(done, timeout: float) -> None:
    """Wait until a function returns true.

    Raises:
        TimeoutError: The function did not return true in time.
    """
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"not in {timeout} s")
        time.sleep(0.3)
