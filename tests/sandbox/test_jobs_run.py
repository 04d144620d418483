"""Jobs really run: staging, the filled-in wrapper, the environment, callbacks and the archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO, input_file, parameter
from tests.sandbox.systems_support import execution_system, new_id
from tests.unit.loopback import Loopback, Reply, Seen
from tests.waiting import wait_for


def test_a_job_goes_through_every_status_and_its_output_is_archived(http: HttpFactory) -> None:
    ada = http("ada")
    job = support.run(ada, "wc-1.0", inputs={"file": HELLO}, parameters={"mode": "lines"})
    assert job["status"] == "FINISHED"
    assert support.events(ada, job["id"]) == support.WHOLE_LIFE
    assert "message" not in job
    assert support.output(ada, job["id"], "count.txt") == "1\n"
    assert support.printed(ada, job) == "1\n"
    archive = f"/files/v2/media/system/{job['archiveSystem']}/{job['archivePath']}/count.txt"
    assert ada.get(archive).text == "1\n"
    assert job["submitTime"] <= job["startTime"] <= job["endTime"]


def test_only_what_the_job_made_is_archived(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    wrapper = "mkdir -p made/empty && cp '${in}' made/copy.txt && echo more >> '${in}'\n"
    app = support.app(ada, sandbox, wrapper, inputs=[input_file("in")])
    job = support.run(ada, app, inputs={"in": HELLO})
    stem = f"/a-job-{job['id']}"
    assert support.outputs(ada, job["id"]) == [f"{stem}.err", f"{stem}.out", "/made"]
    assert support.outputs(ada, job["id"], "made") == ["/made/copy.txt", "/made/empty"]


def test_a_job_that_is_not_archived_keeps_its_outputs_where_it_ran(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "echo kept > kept.txt\n")
    job = support.run(ada, app, archive=False)
    assert job["archivePath"] is None
    assert support.output(ada, job["id"], "kept.txt") == "kept\n"
    words = support.events(ada, job["id"])
    assert words[-3:] == ["RUNNING", "CLEANING_UP", "FINISHED"]
    assert "STAGING_INPUTS" not in words  # it has no inputs


def test_the_deployment_is_copied_before_the_inputs(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    app = support.app(
        ada, sandbox, "cat hello.txt; test -f test/test.sh\n", inputs=[input_file("in")]
    )
    deployed = support.storage(sandbox.tenant.root) / f"home/ada/apps/{app[:-4]}/hello.txt"
    deployed.write_text("from the deployment\n")
    job = support.run(ada, app, inputs={"in": HELLO})
    assert support.printed(ada, job).startswith("Hello, ada!")


def test_names_with_blanks_and_quotes_arrive_as_they_are(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    name = 'it\'s "my" $HOME file.txt'
    folder = support.storage(sandbox.tenant.root) / "home/ada/data"
    (folder / name).write_text("found\n")
    app = support.app(
        ada,
        sandbox,
        'name=$(cat <<\'END\'\n${in}\nEND\n)\ncat "./$name"\ncp "./$name" "copy of $name"\n',
        inputs=[input_file("in")],
    )
    job = support.run(ada, app, inputs={"in": f"ada/data/{name}"}, name='it\'s "a" job')
    stem = f"its-a-job-{job['id']}"
    assert support.output(ada, job["id"], f"{stem}.out") == "found\n"
    assert support.outputs(ada, job["id"]) == [
        f"/copy of {name}",
        f"/{stem}.err",
        f"/{stem}.out",
    ]
    assert support.output(ada, job["id"], f"copy of {name}".replace("%", "%25")) == "found\n"


def test_an_enquoted_value_is_one_word_whatever_it_holds(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(
        ada, sandbox, "printf '<%s>' ${p}\n", parameters=[parameter("p", "string", enquote=True)]
    )
    text = 'a "b" $HOME `id` \\ c'
    job = support.run(ada, app, parameters={"p": text})
    assert support.printed(ada, job) == f"<{text}>"


def test_values_reach_the_wrapper_by_their_kind(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    shown = {"showArgument": True}
    app = support.app(
        ada,
        sandbox,
        "echo '[${s}] [${n}] [${yes}] [${no}] [${on}] [${off}] [${many}] [${each}] [${none}]'\n",
        parameters=[
            parameter("s", "string", details={"argument": "-s", **shown}),
            parameter("n", "number", details={"argument": "-n ", **shown}),
            parameter("yes", "bool"),
            parameter("no", "bool"),
            parameter("on", "flag", details={"argument": "--on"}),
            parameter("off", "flag", details={"argument": "--off"}),
            parameter(
                "many",
                "string",
                semantics={"maxCardinality": -1},
                details={"argument": "-m", **shown},
            ),
            parameter(
                "each",
                "string",
                semantics={"maxCardinality": -1},
                details={"argument": "-e", "repeatArgument": True, **shown},
            ),
            parameter("none", "string"),
        ],
    )
    values = {
        "s": "${n}", "n": 1.5, "yes": True, "no": False, "on": True, "off": False,
        "many": ["a", "b"], "each": ["a", "b"],
    }  # fmt: skip
    job = support.run(ada, app, parameters=values)
    assert support.printed(ada, job) == "[-s${n}] [-n 1.5] [1] [] [--on] [] [-ma b] [-ea -eb] []\n"


def test_several_inputs_and_directories_are_staged_to_the_top(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    folder = support.storage(sandbox.tenant.root) / "home/ada/several/deep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "leaf.txt").write_text("leaf\n")
    app = support.app(
        ada,
        sandbox,
        "echo '${in}'; cat hello.txt reads.fa several/deep/leaf.txt | tail -1\n",
        inputs=[input_file("in", semantics={"maxCardinality": -1})],
    )
    job = support.run(ada, app, inputs={"in": f"{HELLO};ada/data/reads.fa;/home/ada/several"})
    assert support.printed(ada, job) == "hello.txt reads.fa several\nleaf\n"
    assert job["inputs"]["in"] == [HELLO, "ada/data/reads.fa", "/home/ada/several"]


def test_the_later_of_two_inputs_of_one_name_is_the_one_that_stays(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    home = support.storage(sandbox.tenant.root) / "home/ada"
    for folder in ("first", "second", "third/same.txt"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "first/same.txt").write_text("first\n")
    (home / "second/same.txt").write_text("second\n")
    (home / "third/same.txt/leaf").write_text("leaf\n")
    many = input_file("in", semantics={"maxCardinality": -1})
    app = support.app(ada, sandbox, "cat same.txt || cat same.txt/leaf\n", inputs=[many])
    both = ["ada/first/same.txt", "ada/second/same.txt"]
    assert support.printed(ada, support.run(ada, app, inputs={"in": both})) == "second\n"
    job = support.run(ada, app, inputs={"in": [*both, "ada/third/same.txt"]})
    assert support.printed(ada, job) == "leaf\n"


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server that has ``/data file.txt`` and nothing else."""

    def answer(seen: Seen) -> Reply:
        return Reply(200 if seen.target == "/data%20file.txt" else 404, b"from the web\n")

    with Loopback(answer) as server:
        yield server.url


def test_inputs_come_from_the_web_too(http: HttpFactory, sandbox: Sandbox, web: str) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "cat '${in}'\n", inputs=[input_file("in")])
    job = support.run(ada, app, inputs={"in": f"{web}/data%20file.txt"})
    assert support.printed(ada, job) == "from the web\n"
    address = f"{web}/absent.txt".replace("://", "://ann:s3cret@")
    job = support.run(ada, app, inputs={"in": address})
    assert job["status"] == "FAILED"
    assert f"{web}/absent.txt" in job["message"]
    assert "404" in job["message"]
    assert "s3cret" not in ada.get(f"/jobs/v2/{job['id']}/history").text + job["message"]


def test_the_output_of_a_job_is_the_input_of_another(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    first = support.run(ada, "wc-1.0", inputs={"file": HELLO}, parameters={"mode": "words"})
    listed = ada.get(f"/jobs/v2/{first['id']}/outputs/listings/count.txt").json()["result"]
    address = listed[0]["_links"]["self"]["href"]
    app = support.app(ada, sandbox, "cat '${in}'\n", inputs=[input_file("in")])
    job = support.run(ada, app, inputs={"in": address})
    assert support.printed(ada, job) == "7\n"
    grace = http("grace")
    assert support.refused(grace, "wc-1.0", inputs={"file": address})[0] == 403


def test_macros_tell_the_wrapper_about_its_job(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    names = [
        "ID", "APP_ID", "NAME", "NAME_RAW", "OWNER", "TENANT", "EXECUTION_SYSTEM", "BATCH_QUEUE",
        "NODE_COUNT", "PROCESSORS_PER_NODE", "MEMORY_PER_NODE", "MAX_RUNTIME", "ARCHIVE",
        "ARCHIVE_SYSTEM", "ARCHIVE_PATH",
    ]  # fmt: skip
    wrapper = "".join(f"echo '${{AGAVE_JOB_{name}}}'\n" for name in names)
    wrapper += 'test "${AGAVE_JOB_WORK_PATH}" -ef . && echo here\n'
    app = support.app(ada, sandbox, wrapper)
    job = support.run(
        ada, app, nodeCount=2, processorsPerNode=3, memoryPerNode="2GB", maxRunTime="00:10:00"
    )
    assert support.printed(ada, job).splitlines() == [
        job["id"], app, "a-job", "a job", "ada", "sandbox", "sandbox.exec", "normal", "2", "3", "2",
        "00:10:00", "1", "sandbox.storage", job["archivePath"], "here",
    ]  # fmt: skip


def test_a_wrapper_sees_no_secret_of_the_sandbox(
    http: HttpFactory, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_MACHINE", "s3cret")
    ada = http("ada")
    app = support.app(ada, sandbox, 'env; read line; echo "input: $line"\n')
    text = support.printed(ada, support.run(ada, app))
    assert "s3cret" not in text
    assert "USER=ada\n" in text
    assert text.endswith("input: \n")


def test_a_wrapper_that_exits_with_an_error_finishes(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "echo made > made.txt; echo oh >&2; exit 3\n")
    job = support.run(ada, app)
    assert job["status"] == "FINISHED"
    assert support.printed(ada, job, "err") == "oh\n"
    assert support.output(ada, job["id"], "made.txt") == "made\n"


def test_a_wrapper_that_calls_failure_fails_at_once_and_archives_nothing(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(
        ada, sandbox, "echo made > made.txt\n${AGAVE_JOB_CALLBACK_FAILURE}\nsleep 300\n"
    )
    job = support.run(ada, app)
    assert job["status"] == "FAILED"
    assert "AGAVE_JOB_CALLBACK_FAILURE" in job["message"]
    assert "ARCHIVING" not in support.events(ada, job["id"])
    assert support.output(ada, job["id"], "made.txt") == "made\n"  # still where it ran
    archive = f"/files/v2/listings/system/sandbox.storage/{job['archivePath']}"
    assert ada.get(archive).status_code == 404


def test_heartbeats_and_the_end_that_a_wrapper_tells_are_in_its_history(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    wrapper = (
        "${AGAVE_JOB_CALLBACK_RUNNING}\n${AGAVE_JOB_CALLBACK_ALIVE}\n"
        "${AGAVE_JOB_CALLBACK_CLEANING_UP}\necho late > late.txt\n"
    )
    job = support.run(ada, support.app(ada, sandbox, wrapper))
    assert support.events(ada, job["id"])[5:] == [
        "RUNNING", "HEARTBEAT", "CLEANING_UP", "ARCHIVING", "ARCHIVING_FINISHED", "FINISHED",
    ]  # fmt: skip
    assert support.output(ada, job["id"], "late.txt") == "late\n"


def test_what_a_wrapper_leaves_in_the_background_ends_with_it(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "sleep 300 &\necho $! > pid.txt\n")
    job = support.run(ada, app)
    assert job["status"] == "FINISHED"
    pid = int(support.output(ada, job["id"], "pid.txt"))
    wait_for(lambda: not support.alive(pid))


def test_the_environment_and_startup_script_of_a_system_come_first(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    local = {"host": "localhost", "port": 22, "protocol": "LOCAL", "auth": {"type": "LOCAL"}}
    system = {
        "id": "ada.exec",
        "name": "exec of ada",
        "type": "EXECUTION",
        "executionType": "HPC",
        "scheduler": "SLURM",
        "environment": 'FIRST=1 SECOND=two\nTHIRD="3 three"',
        "startupScript": "setup/${SYSTEM_ID}.sh",
        "workDir": "/work",
        "storage": {**local, "rootDir": "/", "homeDir": "/home"},
        "login": local,
        "queues": [{"name": "debug", "customDirectives": "directive='${AGAVE_JOB_NAME}'"}],
    }
    answer = ada.post("/systems/v2/", json=system)
    assert answer.status_code == 201, answer.text
    setup = sandbox.tenant.root / "systems/ada.exec/home/setup"
    setup.mkdir(parents=True)
    (setup / "ada.exec.sh").write_text(
        'FOURTH="$FIRST and $SECOND"\nmodule() { echo "module $*"; }\n'
    )
    app = support.app(
        ada,
        sandbox,
        'echo "$THIRD, $FOURTH, $directive"\n',
        executionSystem="ada.exec",
        executionType="HPC",
        modules=["load wc/1.0"],
    )
    job = support.run(ada, app)
    assert support.printed(ada, job) == "module load wc/1.0\n3 three, 1 and two, a-job\n"
    assert job["batchQueue"] == "debug"


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ("SLURM", ["#SBATCH -t 01:30:30", "#SBATCH -p debug.q", "#SBATCH -N 2 -n 6"]),
        ("SGE", ["#$ -l h_rt=01:30:30", "#$ -q debug.q", "#$ -pe 3way 6"]),
        ("TORQUE", ["#PBS -l walltime=01:30:30", "#PBS -q debug.q", "#PBS -l nodes=2:ppn=3"]),
        ("LSF", ["#BSUB -W 1:31", "#BSUB -q debug.q", "#BSUB -n 6"]),
        ("LOADLEVELER", ["# @ class = debug.q", "# @ node = 2", "# @ tasks_per_node = 3"]),
        ("CUSTOM_SLURM", []),
    ],
)
def test_the_script_tells_the_scheduler_in_its_words_what_the_job_needs(
    http: HttpFactory, sandbox: Sandbox, scheduler: str, expected: list[str]
) -> None:
    ada = http("ada")
    own = "#own -A project"
    queue = {"name": "debug", "mappedName": "debug.q", "customDirectives": own}
    system = execution_system(new_id(), scheduler=scheduler, queues=[queue])
    assert ada.post("/systems/v2/", json=system).status_code == 201
    app = support.app(
        ada, sandbox, "cat a-job.ipcexe\n", executionSystem=system["id"], executionType="HPC"
    )
    need = {"nodeCount": 2, "processorsPerNode": 3, "maxRunTime": "01:30:30"}
    job = support.run(ada, app, **need, archive=False)
    lines = support.printed(ada, job).splitlines()
    told = [line for line in lines if line.startswith("#")]
    assert (told[0], told[-1]) == ("#!/bin/bash", own)
    assert set(expected) <= set(told[1:-1])
    assert any(f"a-job-{job['id']}.out" in line for line in told) is bool(expected)


def test_outputs_that_cannot_be_archived_stay_where_the_job_ran(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "echo made > made.txt\n")
    job = support.run(ada, app, archivePath="ada/data/hello.txt")  # which is a file
    assert job["status"] == "FAILED"
    assert job["message"].startswith("Archiving failed")
    assert support.events(ada, job["id"])[-3:] == ["ARCHIVING", "ARCHIVING_FAILED", "FAILED"]
    assert support.output(ada, job["id"], "made.txt") == "made\n"


def test_a_wrapper_that_has_gone_fails_the_job_with_its_name(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "true\n")
    (support.storage(sandbox.tenant.root) / f"home/ada/apps/{app[:-4]}/wrapper.sh").unlink()
    job = support.run(ada, app)
    assert job["status"] == "FAILED"
    assert "wrapper.sh" in job["message"]
    assert support.events(ada, job["id"])[-2:] == ["SUBMITTING", "FAILED"]
