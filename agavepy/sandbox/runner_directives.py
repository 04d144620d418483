"""What schedulers of batch systems are told in a job's script, each in its own words.

To the shell, which is all that runs scripts here, these lines are comments. A custom scheduler gets
the directives of the queue only; Condor, which reads a file beside the script, and FORK get none.
"""

from __future__ import annotations

from string import Template
from typing import Any

from agavepy.sandbox.state.jobs_request import seconds, slug

Document = dict[str, Any]

_PBS = (
    "#PBS -N $name",
    "#PBS -o $stem.out",
    "#PBS -e $stem.err",
    "#PBS -l cput=$time",
    "#PBS -l walltime=$time",
    "#PBS -q $queue",
    "#PBS -l nodes=$nodes:ppn=$processors",
)
_DIRECTIVES = {
    "SLURM": (
        "#SBATCH -J $name",
        "#SBATCH -o $stem.out",
        "#SBATCH -e $stem.err",
        "#SBATCH -t $time",
        "#SBATCH -p $queue",
        "#SBATCH -N $nodes -n $all",
    ),
    "SGE": (
        "#$$ -N $name",
        "#$$ -cwd",
        "#$$ -V",
        "#$$ -o $stem.out",
        "#$$ -e $stem.err",
        "#$$ -l h_rt=$time",
        "#$$ -q $queue",
        "#$$ -pe ${processors}way $all",
    ),
    "LSF": (
        "#BSUB -J $name",
        "#BSUB -oo $stem.out",
        "#BSUB -eo $stem.err",
        "#BSUB -W $minutes",
        "#BSUB -q $queue",
        "#BSUB -n $all",
    ),
    "LOADLEVELER": (
        "# @ job_name = $name",
        "# @ output = $stem.out",
        "# @ error = $stem.err",
        "# @ wall_clock_limit = $time",
        "# @ class = $queue",
        "# @ node = $nodes",
        "# @ tasks_per_node = $processors",
        "# @ queue",
    ),
    **dict.fromkeys(("PBS", "TORQUE", "MOAB"), _PBS),
}


def directives(system: Document, queue: Document, job: Document) -> list[str]:
    """Return the lines that place a job in a queue of ``system``, without the queue's own ones."""
    nodes, processors = job["nodeCount"], job["processorsPerNode"]
    hours, minutes = divmod(-(-seconds(job["maxRunTime"]) // 60), 60)
    values = {
        "name": slug(job["name"]),
        "stem": f"{slug(job['name'])}-{job['id']}",
        "time": job["maxRunTime"],
        "minutes": f"{hours}:{minutes:02}",
        "queue": queue["mappedName"] or queue["name"],
        "nodes": nodes,
        "processors": processors,
        "all": nodes * processors,
    }
    lines = _DIRECTIVES.get(system["scheduler"], ())
    return [Template(line).substitute(values) for line in lines]
