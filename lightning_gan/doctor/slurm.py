"""What SLURM's variables will mean to Lightning, and whether machines find each other."""

import shutil
import socket

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.doctor.gpus import device_count
from lightning_gan.slurm.environment import NO_JOBS, is_allocated, is_started_by_srun

INTERFACES = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")


def check_jobs(env: Environment) -> list[DoctorFinding]:
    """SLURM, then names of the network."""
    return [*check_slurm(env), *check_network(env)]


def check_slurm(env: Environment) -> list[DoctorFinding]:
    """None here, a login node, or a job and whether its numbers fit."""
    if "SLURM_JOB_ID" not in env and "SLURM_NTASKS" not in env:
        where = "a login node: sbatch is here" if shutil.which("sbatch") else "not here"
        return [DoctorFinding("SLURM", where)]
    name = env.get("SLURM_JOB_NAME", "")
    seen = (
        f"job {env.get('SLURM_JOB_ID', '?')} {name!r}: {env.get('SLURM_NNODES', '?')} nodes "
        f"({env.get('SLURM_JOB_NODELIST', '?')}), {env.get('SLURM_NTASKS', '?')} tasks, "
        f"{env.get('SLURM_NTASKS_PER_NODE', '?')} of each node, {env.get('SLURM_CPUS_PER_TASK', '?')} cores of each, "
        f"restarts {env.get('SLURM_RESTART_COUNT', '0')}"
    )
    if not is_allocated(env):
        why = f"called {' or '.join(NO_JOBS)}" if name in NO_JOBS else "without SLURM_NTASKS"
        return [
            DoctorFinding("SLURM", f"{seen}; {why}, so a run is one process, as on any machine")
        ]
    return [
        DoctorFinding("SLURM", seen),
        check_srun(env),
        check_tasks(env),
        check_gpus(env, device_count()),
        find_first_host(env),
    ]


def check_srun(env: Environment) -> DoctorFinding:
    """Whether this process is a task."""
    if is_started_by_srun(env):
        return DoctorFinding("srun", f"started this process, task {env.get('SLURM_PROCID', '?')}")
    several = env.get("SLURM_NTASKS") != "1" or env.get("SLURM_NNODES", "1") != "1"
    advice = (
        "write srun before python: without it one process runs, and nobody is told that time is up"
    )
    return DoctorFinding("srun", "did not start this process", advice if several else "")


def check_tasks(env: Environment) -> DoctorFinding:
    """Lightning wants tasks by node."""
    number, each, nodes = (
        env.get(f"SLURM_{n}", "") for n in ("NTASKS", "NTASKS_PER_NODE", "NNODES")
    )
    if number not in ("", "1") and not each:
        advice = (
            f"ask with --ntasks-per-node instead of --ntasks={number}: Lightning stops without it"
        )
        return DoctorFinding("tasks", f"{number}, but not how many of each node", advice)
    known = number.isdecimal() and each.isdecimal() and nodes.isdecimal()
    if known and int(number) != int(each) * int(nodes):
        return DoctorFinding(
            "tasks",
            f"{number} are not {each} of each of {nodes} nodes",
            "leave out --ntasks, and give --nodes and --ntasks-per-node",
        )
    return DoctorFinding(
        "tasks", f"{each or number} of each node: --trainer.devices {each or number}"
    )


def check_gpus(env: Environment, seen: int) -> DoctorFinding:
    """Each GPU has one process."""
    each = env.get("SLURM_NTASKS_PER_NODE") or env.get("SLURM_NTASKS", "1")
    if seen and each.isdecimal() and int(each) != seen:
        return DoctorFinding(
            "GPUs and tasks",
            f"{seen} GPUs are shown to this process, and {each} tasks run on its node",
            f"give both one number: --gres=gpu:{each} and --ntasks-per-node={each}, and no --gpus-per-task",
        )
    return DoctorFinding(
        "GPUs and tasks", f"{seen} and {each}" if seen else "no GPU is shown to this process"
    )


def find_first_host(env: Environment) -> DoctorFinding:
    """The name by which all processes find the first."""
    from pytorch_lightning.plugins.environments import SLURMEnvironment  # only inside a job

    nodes = env.get("SLURM_NODELIST") or env.get("SLURM_JOB_NODELIST", "127.0.0.1")
    address = env.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(nodes)
    try:
        return DoctorFinding("first node", f"{address} is {socket.gethostbyname(address)}")
    except OSError:
        return DoctorFinding(
            "first node",
            f"{address} is no name that this machine knows",
            "export MASTER_ADDR with an address that all nodes reach",
        )


def check_network(env: Environment) -> list[DoctorFinding]:
    """Interfaces, and those that NCCL and gloo were told to use."""
    here = [name for _, name in socket.if_nameindex()]
    found = [DoctorFinding("network", f"{socket.gethostname()}: {', '.join(here)}")]
    for variable in INTERFACES:
        asked = env.get(variable, "")
        names = asked.lstrip("=").split(",")
        unknown = [n for n in names if n and not any(i.startswith(n) for i in here)]
        if asked and not asked.startswith("^") and unknown:
            advice = f"there are {', '.join(here)}: name one of them, or unset {variable}"
            found.append(DoctorFinding("network", f"{variable}={asked}, which is not here", advice))
        elif asked:
            found.append(DoctorFinding("network", f"{variable}={asked}"))
    return found
