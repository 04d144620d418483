"""A document of one's own becomes a service: how it is given, named, replaced, added to, reread."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import pydoc
from pathlib import Path

import pytest

from agavepy import Agave, loader
from agavepy.cli.main import main
from agavepy.errors import DescriptionError, UnknownName, UsageError
from tests.documents_support import Site, client, operation, swagger, write


def test_a_file_is_a_service_named_after_it(tenant: Site, tmp_path: Path) -> None:
    path = write(tmp_path / "my-search.json", swagger("find"))
    ag = client(tenant, specs=[str(path)])
    assert ag.my_search.find() == {}
    (seen,) = tenant.requests
    assert (seen.method, seen.target) == ("GET", "/find")


def test_completion_help_and_signature_work(tenant: Site, tmp_path: Path) -> None:
    term = {"name": "term", "in": "query", "type": "string", "required": True, "description": "A."}
    document = swagger()
    document["paths"]["/search"] = {"get": operation("find", parameters=[term])}
    ag = client(tenant, specs=[write(tmp_path / "search.json", document)])
    assert "search" in dir(ag)
    assert {"files", "jobs"} <= set(dir(ag)), "the services of the package are still there"
    assert "find" in dir(ag.search)
    assert "Do find" in pydoc.render_doc(ag.search)
    assert "term (string, required): A." in pydoc.render_doc(ag.search.find)
    assert next(iter(inspect.signature(ag.search.find).parameters)) == "term"


@pytest.mark.parametrize("text", ["swagger: '2.0'\ninfo: {title: T, version: 1}\n", ""])
def test_a_directory_gives_all_of_its_documents(tenant: Site, tmp_path: Path, text: str) -> None:
    write(tmp_path / "one.json", swagger("first"))
    write(tmp_path / "2nd.yml", swagger("second"))
    for name in ("_common.yaml", ".hidden.yaml", "files.plan.json", "notes.txt"):
        (tmp_path / name).write_text(text)
    ag = client(tenant, specs=[tmp_path])
    mine = set(ag.services()) - set(loader.services())
    assert len(mine) == 2
    assert "one" in mine
    second = (mine - {"one"}).pop()
    assert second.isidentifier()
    assert ag.service(second).second() == {}


def test_a_name_that_is_given_counts_before_that_of_the_document(
    tenant: Site, tmp_path: Path
) -> None:
    document = swagger("find", **{"x-agavepy-service": "finder"})
    path = write(tmp_path / "search.json", document)
    assert client(tenant, specs=[path]).finder.find() == {}
    assert client(tenant, specs={"seeker": path}).seeker.find() == {}
    ag = client(tenant)
    assert ag.add_service("looker", path).find() == {}
    assert ag.looker.find() == {}
    assert client(tenant, specs=path).finder.find() == {}, "one document needs no list"
    for ag in (client(tenant), client(tenant, specs={"seeker": path})):
        with pytest.raises(UnknownName, match="'finder'"):
            ag.finder  # noqa: B018 - asking for it is the test


def test_an_object_in_memory_is_a_service(tenant: Site) -> None:
    document = swagger("find", **{"x-agavepy-service": "finder"})
    assert client(tenant, specs=[document]).finder.find() == {}
    assert client(tenant, specs=document).finder.find() == {}
    assert client(tenant, specs={"seeker": swagger("find")}).seeker.find() == {}
    with pytest.raises(UsageError, match="a description in memory has no name"):
        client(tenant, specs=[swagger("find")]).services()
    with pytest.raises(DescriptionError, match="no plain data"):
        client(tenant).add_service("seeker", swagger("find", extra=object()))


def test_documents_of_the_environment_and_the_home_directory_are_found(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path(os.environ["HOME"], ".agave", "specs", "house.json"), swagger("clean"))
    one = write(tmp_path / "variable.json", swagger("see"))
    write(tmp_path / "folder" / "inside.json", swagger("look"))
    monkeypatch.setenv("AGAVEPY_SPECS", os.pathsep.join([str(one), str(tmp_path / "folder")]))
    ag = client(tenant)
    assert [ag.house.clean(), ag.variable.see(), ag.inside.look()] == [{}, {}, {}]


def test_what_is_found_later_replaces_what_has_its_name(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order: bundled, the home directory, the environment, ``specs=``, ``add_service``."""
    ag = client(tenant)
    assert "list" in dir(ag.files)
    write(Path(os.environ["HOME"], ".agave", "specs", "files.json"), swagger("home"))
    assert dir(client(tenant).files)[-1] == "home"
    with pytest.raises(UnknownName):
        client(tenant).files.list  # noqa: B018 - asking for it is the test
    variable = write(tmp_path / "variable" / "files.json", swagger("variable"))
    monkeypatch.setenv("AGAVEPY_SPECS", str(variable.parent))
    assert dir(client(tenant).files)[-1] == "variable"
    given = write(tmp_path / "given" / "files.json", swagger("given"))
    ag = client(tenant, specs=[given])
    assert dir(ag.files)[-1] == "given"
    ag.add_service("files", swagger("added"))
    assert dir(ag.files)[-1] == "added"
    assert "list" in dir(client(tenant).service("jobs")), "all other services are as they were"


def test_an_edited_file_is_picked_up_by_a_live_client(tenant: Site, tmp_path: Path) -> None:
    path = write(tmp_path / "search.json", swagger("finds"))
    ag = client(tenant, specs=[path])
    before = ag.search
    status = path.stat()
    write(path, swagger("seeks"))  # as long as it was, and within one tick of the clock
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert ag.search is before
    ag.reload_services()
    assert ag.search.seeks() == {}
    assert "finds" in dir(before), "who holds the old service keeps it"
    write(tmp_path / "search.json", swagger("seeks", "more"))
    assert "more" in dir(client(tenant, specs=[path]).search), "a new client reads the new file"


def test_a_new_file_of_a_directory_is_there_after_a_reload(tenant: Site, tmp_path: Path) -> None:
    write(tmp_path / "one.json", swagger("first"))
    ag = client(tenant, specs=[tmp_path])
    assert "two" not in dir(ag)
    write(tmp_path / "two.json", swagger("second"))
    ag.reload_services()
    assert ag.two.second() == {}


def test_several_documents_extend_one_service(tenant: Site, tmp_path: Path) -> None:
    core = write(tmp_path / "core.json", swagger("find", "both"))
    extra = swagger("seek")
    extra["paths"]["/other"] = {"get": operation("both")}
    ag = client(tenant, specs={"search": [core, extra]})
    assert {"find", "both", "seek"} <= set(dir(ag.search))
    ag.search.both()
    assert tenant.requests[-1].target == "/other", "the later document counts"


def test_a_document_extends_a_service_of_the_package(tenant: Site, tmp_path: Path) -> None:
    path = write(tmp_path / "more.json", swagger("checksum", **{"x-agavepy-extends": "files"}))
    tenant.answers["/checksum"] = {"sum": "0"}
    ag = client(tenant, specs=[path])
    assert ag.files.checksum().sum == "0"
    tenant.answers["/files/v2/listings/system/s//"] = {
        "status": "success", "message": None, "version": "2", "result": [{"name": "x"}]
    }  # fmt: skip
    assert ag.files.list(systemId="s", filePath="/")[0].name == "x"
    assert "Authorization" in tenant.requests[-1].headers
    assert "more" not in ag.services()
    assert "checksum" not in dir(client(tenant).files), "other clients have the service as it is"


def test_an_overlay_mends_a_document_without_copying_it(tenant: Site, tmp_path: Path) -> None:
    document = swagger()
    count = {"name": "count", "in": "query", "type": "string", "description": "How many."}
    document["paths"]["/wrong"] = {"get": operation("find", parameters=[count])}
    write(tmp_path / "search.json", document)
    mend = {
        "x-agavepy-overlay": "search",
        "paths": {
            "/wrong": {
                "get": {"parameters": [{"name": "count", "in": "query", "type": "integer"}]},
                "delete": operation("forget"),
            }
        },
    }
    write(tmp_path / "a-mend.json", mend)
    ag = client(tenant, specs=[tmp_path])
    assert set(ag.services()) - set(loader.services()) == {"search"}
    parameter = ag.search.find.plan.parameters[0]
    assert (parameter.type, parameter.doc) == ("integer", "How many.")
    assert ag.search.forget() == {}
    write(tmp_path / "a-mend.json", {**mend, "paths": {"/wrong": {"get": {"summary": "Mended"}}}})
    ag.reload_services()
    assert ag.search.find.plan.summary == "Mended"
    assert "forget" not in dir(ag.search)


def test_an_overlay_mends_a_service_of_the_package(tenant: Site, tmp_path: Path) -> None:
    mend = {"paths": {"/files/v2/listings/system/{systemId}/{filePath}": {"get": {"summary": "L"}}}}
    original = loader.service_plan("files")["list"]
    listed = client(tenant, specs={"files": write(tmp_path / "m.json", mend)}).files.list.plan
    assert listed.summary == "L"
    assert listed.path == original.path
    assert loader.service_plan("files")["list"].summary == original.summary != "L"


def test_an_overlay_in_a_list_is_for_the_document_before_it(tenant: Site) -> None:
    mend = {"paths": {"/find": {"get": {"summary": "Mended"}}}}
    ag = client(tenant, specs={"search": [swagger("find"), mend, swagger("seek")]})
    assert ag.search.find.plan.summary == "Mended"
    assert ag.search.seek.plan.summary == "Do seek"


def test_what_cannot_be_used_says_so_where_it_is_used_and_nowhere_else(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("swagger: '2.0'\na: [")
    (tmp_path / "empty.yaml").write_text(
        "swagger: '2.0'\ninfo: {title: T, version: '1'}\npaths: {}"
    )
    (tmp_path / "lost.yaml").write_text("x-agavepy-overlay: nowhere\npaths: {}")
    (tmp_path / "misnamed.yaml").write_text("swagger: '2.0'\nx-agavepy-service: no name\n")
    monkeypatch.setenv("AGAVEPY_SPECS", os.pathsep.join([str(tmp_path), str(tmp_path / "absent")]))
    ag = client(tenant)
    with pytest.warns(UserWarning, match=r"misnamed.*'no name' is no name of a service"):
        assert "list" in dir(ag.files)
    for name, said in (
        ("broken", r"broken\.yaml.*not YAML or JSON"),
        ("empty", "no operation of it can be called"),
        ("nowhere", "no service 'nowhere' that it could add to"),
        ("absent", "cannot read the description .*absent"),
    ):
        with pytest.raises(DescriptionError, match=said):
            getattr(ag, name)
    assert "broken" in dir(ag), "its name is known, and asking for it tells what is wrong"


def test_wrong_ways_to_give_a_document_name_the_right_one(tenant: Site, tmp_path: Path) -> None:
    ag = client(tenant)
    for name in ("no name", "class", "_hidden", "", 3):
        with pytest.raises(UsageError, match="is no name of a service"):
            ag.add_service(name, swagger("find"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="none of a file, a directory"):
        ag.add_service("search", 3)
    with pytest.raises(UsageError, match="is a directory"):
        ag.add_service("search", tmp_path)
    with pytest.raises(UsageError, match="has no document"):
        ag.add_service("search", [])
    with pytest.raises(DescriptionError, match="cannot read the description"):
        ag.add_service("search", tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="auth= is a dict of the names of services"):
        client(tenant, specs=[swagger()], auth="secret").services()
    assert ag.jobs is not None, "what failed is not in the way of others"


def test_a_service_that_failed_to_be_added_can_be_added_rightly(tenant: Site) -> None:
    ag = client(tenant)
    with pytest.raises(DescriptionError):
        ag.add_service("files", swagger())
    assert "list" in dir(ag.files), "the service of the package is still there"
    assert ag.add_service("files", swagger("find")).find() == {}


def test_a_client_with_own_services_is_copied_pickled_and_made_anew(
    tenant: Site, tmp_path: Path
) -> None:
    path = write(tmp_path / "search.json", swagger("find"))
    ag = client(tenant, specs=[path])
    ag.add_service("more", swagger("seek"))
    for again in (pickle.loads(pickle.dumps(ag)), copy.copy(ag)):
        assert again.search.find() == {}
        assert again.more.seek() == {}
        again.add_service("most", swagger("look"))
        assert "most" not in ag.services()
    find = pickle.loads(pickle.dumps(ag.search.find))
    assert find() == {}
    assert Agave(**ag.to_dict()).search.find() == {}


def test_restore_takes_documents(
    tenant: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPIS_BASE_URL", tenant.url)
    monkeypatch.setenv("TAPIS_TOKEN", "t")
    ag = Agave.restore(specs={"search": write(tmp_path / "x.json", swagger("find"))})
    assert ag.search.find() == {}


def test_a_service_of_ones_own_is_a_bravado_client_too(tenant: Site, tmp_path: Path) -> None:
    ag = client(tenant, specs=[write(tmp_path / "search.json", swagger("find"))])
    tenant.answers["/find"] = {"name": "x"}
    paths = ag.swagger_client("search")
    group = getattr(paths, "default", None) or paths.find
    assert group.find().response().metadata.status_code == 200
    assert tenant.requests[-1].target == "/find"


def test_the_command_line_looks_into_documents_that_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "search.json", swagger("find", "seek"))
    write(tmp_path / "empty.json", swagger())
    monkeypatch.setenv("AGAVEPY_SPECS", str(tmp_path))
    assert main(["specs", "list"]) == 0
    rows = {row.split()[0]: row for row in capsys.readouterr().out.splitlines()}
    assert rows["search"].split()[1] == "2"
    assert "cannot be used" in rows["empty"]
    assert "files" in rows
    assert main(["specs", "show", "search.find"]) == 0
    assert capsys.readouterr().out.startswith("search.find: Do find")


def test_texts_of_a_document_cannot_command_a_terminal(tenant: Site) -> None:
    """Escape sequences recolour, hide or retitle; reversed writing shows names that are others."""
    evil = "\x1b]0;owned\x07 \x9b31m red \u202etxt.exe"
    term = {"name": "term", "in": "query", "type": "string", "description": evil, "enum": [evil]}
    document = swagger(info={"title": evil, "description": evil, "version": "1"})
    document["paths"]["/find"] = {
        "get": operation("find", summary=evil, description=evil, parameters=[term])
    }
    ag = client(tenant, specs={"search": document})
    find = ag.search.find
    shown = [find.__doc__, ag.search.__doc__, repr(find), repr(ag.search)]
    assert "owned" in shown[0]
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set("".join(map(str, shown)))


def test_names_of_a_document_are_data_and_never_code(tenant: Site) -> None:
    names = ("__init__", "class", "a); import os; os.abort(", "a/b", "", "_plan", "é", "x\ny")
    document = swagger()
    for number, name in enumerate(names):
        document["paths"][f"/p{number}"] = {"get": operation(name)}
    ag = client(tenant, specs={"search": document})
    found = list(ag.search._plan)
    assert len(found) == len(set(found)) == len(names)
    assert all(name.isidentifier() and not name.startswith("_") for name in found)
    for name in found:
        getattr(ag.search, name)()
    assert {seen.target for seen in tenant.requests} == {f"/p{n}" for n in range(len(names))}
    assert getattr(ag.search, "a/b")() == {}, "the original spelling works, too"


@pytest.mark.parametrize(
    "name", ["username", "api_server", "verify", "proxies", "resources", "token", "service", "host"]
)
def test_a_service_named_as_an_attribute_of_the_client_takes_nothing_from_it(
    name: str,
) -> None:
    with Site() as site:
        _check_named(Agave(api_server=site.url, token="t", username="ada"), name)


def _check_named(ag: Agave, name: str) -> None:
    before = repr(getattr(ag, name)), ag.to_dict()
    added = ag.add_service(name, swagger("find"))
    added.find()
    assert ag.service(name) is added
    assert (repr(getattr(ag, name)), ag.to_dict()) == before
    ag.reload_services()
    ag.service(name).find()
    assert (repr(getattr(ag, name)), ag.to_dict()) == before
