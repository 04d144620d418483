"""What a user of ``reads`` would lose: files that are found, counts that are right and kept."""

import subprocess
import sys

import pytest
from reads.counting import NotCounted, count_lines, fasta_files, remember, remembered

from agavepy.errors import Forbidden, HttpError

READS = "agave://sandbox.storage/ada/data/reads.fa"


def test_sequence_files_are_found_largest_first(agave, agave_system):
    system = agave_system()
    system.put("run1/a.fa", ">a\nAC\n")
    system.put("run1/b.fasta", ">b\nACGT\n>c\nGG\n")
    system.put("run1/notes.txt", "no reads")
    assert fasta_files(agave, system.id, "run1") == ["b.fasta", "a.fa"]


def test_a_folder_that_is_not_there_has_no_files(agave_stub):
    ag = agave_stub.client()
    where = {"systemId": "data", "filePath": "none"}
    agave_stub.add_error(ag.files.list, 404, "File/folder does not exist", expected=where)
    assert fasta_files(ag, "data", "none") == []


def test_a_folder_that_may_not_be_seen_is_an_error(agave_as):
    with pytest.raises(Forbidden):
        fasta_files(agave_as("grace"), "sandbox.storage", "ada/data")


def test_the_lines_of_a_file_are_counted(agave):
    text = agave.files.download(systemId="sandbox.storage", filePath="ada/data/reads.fa").text
    assert count_lines(agave, READS) == text.count("\n")


def test_a_file_that_is_not_there_is_not_counted(agave):
    with pytest.raises((NotCounted, HttpError)):
        count_lines(agave, READS + ".missing")


@pytest.mark.agave_faults("jobs.getHistory", status=503, times=2)
def test_counting_survives_a_service_that_is_away_for_a_moment(agave, agave_calls):
    assert count_lines(agave, READS) > 0
    agave_calls.assert_called(agave.jobs.submit, times=1)


def test_the_count_of_a_long_night_is_kept(agave, agave_clock):
    agave_clock.advance(12 * 3600)  # the token is long gone
    remember(agave, "reads.fa", 8)
    assert remembered(agave, "reads.fa") == 8


def test_a_newer_count_takes_the_place_of_the_older(agave):
    assert remembered(agave, "reads.fa") is None
    first = remember(agave, "reads.fa", 8)
    assert remember(agave, "reads.fa", 9) == first
    assert remembered(agave, "reads.fa") == 9


def test_counts_are_private_to_their_owner(agave, agave_user):
    remember(agave, "reads.fa", 8)
    assert remembered(agave_user("linus"), "reads.fa") is None


def test_the_program_works_as_the_cached_login(agave_home):
    command = [sys.executable, "-m", "reads", "sandbox.storage", "ada/data"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="src")
    assert done.stdout == "reads.fa\n"


def test_an_actor_counts_what_it_is_sent(agave_actor):
    def count(message):
        return message.count(">")

    assert agave_actor(count).run(">a\nAC\n>b\nGG\n") == b"2"


def test_what_was_recorded_is_replayed(agave, agave_cassette):
    assert fasta_files(agave, "sandbox.storage", "ada/data") == ["reads.fa"]
