"""Checks of SLURM's environment variables and of the network between nodes."""

import shutil
import socket

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.doctor.gpus import count_gpus
from lightning_gan.slurm.environment import NO_JOBS, is_allocated, is_started_by_srun

INTERFACES = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")


def check_jobs(env: Environment) -> list[DoctorFinding]:
    """Check SLURM and the network."""
    return [*check_slurm(env), *check_network(env)]


def check_slurm(env: Environment) -> list[DoctorFinding]:
    """Check the SLURM job of this process, if there is one, for consistent numbers."""
    if "SLURM_JOB_ID" not in env and "SLURM_NTASKS" not in env:
        where = "a login node: sbatch is available" if shutil.which("sbatch") else "not available"
        return [DoctorFinding("SLURM", where)]
    name = env.get("SLURM_JOB_NAME", "")
    seen = (
        f"job {env.get('SLURM_JOB_ID', '?')} {name!r}: {env.get('SLURM_NNODES', '?')} nodes "
        f"({env.get('SLURM_JOB_NODELIST', '?')}), {env.get('SLURM_NTASKS', '?')} tasks, "
        f"{env.get('SLURM_NTASKS_PER_NODE', '?')} per node, {env.get('SLURM_CPUS_PER_TASK', '?')} cores per task, "
        f"restarts {env.get('SLURM_RESTART_COUNT', '0')}"
    )
    if not is_allocated(env):
        why = f"called {' or '.join(NO_JOBS)}" if name in NO_JOBS else "without SLURM_NTASKS"
        return [
            DoctorFinding("SLURM", f"{seen}; {why}, so a run is one process, as outside of SLURM")
        ]
    return [
        DoctorFinding("SLURM", seen),
        check_srun(env),
        check_tasks(env),
        check_gpus(env, count_gpus()),
        find_first_host(env),
    ]


def check_srun(env: Environment) -> DoctorFinding:
    """Check whether srun started this process."""
    if is_started_by_srun(env):
        return DoctorFinding("srun", f"started this process, task {env.get('SLURM_PROCID', '?')}")
    several = env.get("SLURM_NTASKS") != "1" or env.get("SLURM_NNODES", "1") != "1"
    advice = "write srun before python: without it one process runs, and SLURM's signal before the time limit is lost"
    return DoctorFinding("srun", "did not start this process", advice if several else "")


def check_tasks(env: Environment) -> DoctorFinding:
    """Check the number of tasks per node, which Lightning requires."""
    number, each, nodes = (
        env.get(f"SLURM_{n}", "") for n in ("NTASKS", "NTASKS_PER_NODE", "NNODES")
    )
    if number not in ("", "1") and not each:
        advice = f"give --ntasks-per-node instead of --ntasks={number}: Lightning stops without it"
        return DoctorFinding("tasks", f"{number}, but no number per node", advice)
    known = number.isdecimal() and each.isdecimal() and nodes.isdecimal()
    if known and int(number) != int(each) * int(nodes):
        return DoctorFinding(
            "tasks",
            f"{number} differs from {each} per node on {nodes} nodes",
            "leave out --ntasks, and give --nodes and --ntasks-per-node",
        )
    return DoctorFinding("tasks", f"{each or number} per node: --trainer.devices {each or number}")


def check_gpus(env: Environment, seen: int) -> DoctorFinding:
    """Check that each GPU has one task."""
    each = env.get("SLURM_NTASKS_PER_NODE") or env.get("SLURM_NTASKS", "1")
    if seen and each.isdecimal() and int(each) != seen:
        return DoctorFinding(
            "GPUs and tasks",
            f"{seen} GPUs are visible to this process, and {each} tasks run on its node",
            f"give equal numbers: --gres=gpu:{each} and --ntasks-per-node={each}, without --gpus-per-task",
        )
    return DoctorFinding(
        "GPUs and tasks", f"{seen} and {each}" if seen else "no GPU is visible to this process"
    )


def find_first_host(env: Environment) -> DoctorFinding:
    """Check that the address of the first node can be resolved."""
    from pytorch_lightning.plugins.environments import SLURMEnvironment  # only inside a job

    nodes = env.get("SLURM_NODELIST") or env.get("SLURM_JOB_NODELIST", "127.0.0.1")
    address = env.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(nodes)
    try:
        return DoctorFinding("first node", f"{address} is {socket.gethostbyname(address)}")
    except OSError:
        return DoctorFinding(
            "first node",
            f"{address} cannot be resolved on this machine",
            "export MASTER_ADDR with an address that all nodes can reach",
        )


def check_network(env: Environment) -> list[DoctorFinding]:
    """Check that the interfaces named for NCCL and gloo exist."""
    here = [name for _, name in socket.if_nameindex()]
    found = [DoctorFinding("network", f"{socket.gethostname()}: {', '.join(here)}")]
    for variable in INTERFACES:
        asked = env.get(variable, "")
        names = asked.lstrip("=").split(",")
        unknown = [n for n in names if n and not any(i.startswith(n) for i in here)]
        if asked and not asked.startswith("^") and unknown:
            advice = f"name one of {', '.join(here)}, or unset {variable}"
            found.append(
                DoctorFinding("network", f"{variable}={asked}, which does not exist", advice)
            )
        elif asked:
            found.append(DoctorFinding("network", f"{variable}={asked}"))
    return found
