"""Every service is a stock bravado client as well, with every operation of its document."""

from __future__ import annotations

import inspect

import pytest
from bravado.client import CallableOperation, SwaggerClient

from agavepy import Agave, loader


@pytest.mark.parametrize("service", loader.services())
def test_every_operation_is_there_for_users_of_bravado(service: str) -> None:
    ag = Agave(api_server="https://tenant.example/prefix", token="any")
    client = ag.swagger_client(service)
    assert type(client) is SwaggerClient
    operations = getattr(client, service)
    plans = loader.service_plan(service)
    assert sorted(set(dir(operations))) == sorted(plans)
    for name, plan in plans.items():
        operation = getattr(operations, name)
        assert isinstance(operation, CallableOperation)
        # bravado has the header of the credential among the parameters, too.
        names = {item.name for item in operation.operation.params.values()} - {"Authorization"}
        assert names == {item.name for item in plan.parameters}
        assert plan.summary in str(inspect.getdoc(operation))
    assert client.swagger_spec.api_url == "https://tenant.example/prefix"
