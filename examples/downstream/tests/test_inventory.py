"""A service that no client knows and nobody has deployed yet is tested by its description."""

import pytest

from agavepy.errors import BadRequest, NotFound
from agavepy.testing import Refused


@pytest.mark.agave_spec("inventory.yaml")
def test_samples_are_registered_beside_files_and_jobs(agave):
    made = agave.inventory.addSample(body={"label": "S-1", "tube": 4})
    assert agave.inventory.getSample(sampleId=made.id).label == "S-1"
    assert agave.profiles.get().username == "ada"


def test_what_the_description_requires_is_required(agave_spec):
    ag = agave_spec("inventory.yaml").client
    with pytest.raises(BadRequest, match="label"):
        ag.inventory.addSample(body={"tube": 4})
    with pytest.raises(NotFound):
        ag.inventory.getSample(sampleId=9)


def test_a_full_freezer_is_told(agave_spec):
    service = agave_spec("inventory.yaml")

    def full(asked):
        raise Refused(409, f"no room for {asked.body['label']}")

    service.answers("addSample", full)
    with pytest.raises(Exception, match="no room for S-2"):
        service.client.inventory.addSample(body={"label": "S-2"})
