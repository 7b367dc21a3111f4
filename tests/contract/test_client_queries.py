"""Queries of the client, and its errors when no engine responds."""

import pytest
from aiohttp import test_utils, web

from catalyst_groq.camunda import queries
from catalyst_groq.domain.definitions import parse
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import CallerHidden, DefinitionError, EngineRefused, EngineResponseTooLarge, EngineUnreachable
from support.engine_rules import Task
from support.fake_engine import DEFINITION_ID
from support.worker_harness import renew_lock

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]


async def test_definition_contains_the_fields_that_no_fetch_returns(backend, make_client, topic):
    created = await backend.create_task(topic)
    definition = parse(await make_client(backend.rest_url).definition_xml(created.definition_id))

    assert definition.fields_of("Ask") == {"catalyst_payload": "{}"}
    assert definition.catches("Ask", "ANY")


async def test_definition_that_is_unknown_is_refused(backend, make_client):
    with pytest.raises(EngineRefused, match="No matching definition"):
        await make_client(backend.rest_url).definition_xml("unknown")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "shift_jis"])
@pytest.mark.parametrize("text", ["plain", "Übersetze „das“"])
async def test_definition_has_the_bytes_that_were_deployed(fake_engine, make_client, codec, text):
    declared = "utf-8" if codec == "utf-8-sig" else codec
    xml = f'<?xml version="1.0" encoding="{declared}"?><a>{text}</a>'
    fake_engine.bpmn = xml.encode(codec, "xmlcharrefreplace")

    assert await make_client(fake_engine.rest_url).definition_xml(DEFINITION_ID) == fake_engine.bpmn


async def test_definition_whose_bytes_are_hidden_says_what_to_grant(fake_engine, make_client):
    fake_engine.bpmn = '<?xml version="1.0" encoding="latin-1"?><a>ü</a>'.encode("latin-1")
    fake_engine.hides_deployments = True

    with pytest.raises(DefinitionError, match=r"is not in UTF-8, .* Grant the worker's user READ on the deployment"):
        await make_client(fake_engine.rest_url).definition_xml(DEFINITION_ID)


async def test_tasks_that_the_engine_has_are_found_in_pages(backend, make_client, topic, monkeypatch):
    monkeypatch.setattr(queries, "MAX_IDS_PER_QUERY", 2)
    created = [(await backend.create_task(topic)).task_id for _ in range(3)]
    engine = make_client(backend.rest_url)
    [first] = await engine.fetch_and_lock([topic], 1)
    await engine.complete(first.id, {})

    existing = await engine.queries().existing_tasks([*created, "unknown"])

    assert existing == set(created) - {first.id}


async def test_calling_process_that_is_hidden_is_not_none(fake_engine, make_client, topic):
    task = fake_engine.create(Task(topic=topic, called=True))
    fake_engine.hides_callers = True

    with pytest.raises(CallerHidden, match="may not see its process instance"):
        await make_client(fake_engine.rest_url).calling_process(task.process_instance_id)


@pytest.mark.parametrize("called", [True, False])
async def test_calling_process_of_an_instance_is_found(backend, make_client, topic, called):
    engine = make_client(backend.rest_url)
    created = await backend.create_task(topic, called=called)
    caller = await engine.calling_process(created.instance_id)

    assert (caller is not None) is called
    if caller:
        assert await engine.calling_process(caller.instance_id) is None
        assert b"Ask" in await engine.definition_xml(caller.definition_id)


async def test_engine_that_refuses_connections_is_unreachable(fake_engine, make_client, topic):
    engine = make_client(fake_engine.rest_url)
    await engine.fetch_and_lock([topic], 1)
    await fake_engine.stop()

    with pytest.raises(EngineUnreachable, match=f"Engine unreachable at {fake_engine.rest_url}: "):
        await engine.fetch_and_lock([topic], 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_engine_behind_a_failing_gateway_is_unreachable(fake_engine, make_client, status):
    fake_engine.refuse(1, status, "", "no engine behind")

    with pytest.raises(EngineUnreachable, match=f"a gateway responded {status}: no engine behind"):
        await make_client(fake_engine.rest_url).complete("any", {})


NOT_FOUND = {
    "Tomcat": "<title>HTTP Status 404 - Not Found</title>",
    "Spring": '{"status": 404, "error": "Not Found", "path": "/external-task/fetchAndLock"}',
}


@pytest.mark.parametrize("page", NOT_FOUND.values(), ids=NOT_FOUND)
async def test_engine_url_outside_the_rest_api_names_the_likely_error(page, make_client):
    async def say(_):
        return web.Response(status=404, text=page)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with test_utils.TestServer(app) as server:
        engine = make_client(str(server.make_url("/")))
        for request in (engine.fetch_and_lock(["any"], 1), renew_lock(engine, "any"), engine.complete("any", {})):
            with pytest.raises(
                EngineUnreachable, match=r"404 .*Not Found.* Is /engine-rest missing in CATALYST_ENGINE"
            ):
                await request


async def test_engine_url_with_the_usual_path_is_not_blamed_for_it(make_client):
    async with test_utils.TestServer(web.Application()) as server:
        engine = make_client(str(server.make_url("/engine-rest")))
        with pytest.raises(EngineUnreachable, match="Is its REST API at another path than CATALYST_ENGINE_URL"):
            await engine.latest_definitions()


@pytest.mark.parametrize(
    ("authorization", "fix"),
    [
        ("", "Set CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD, or CATALYST_ENGINE_TOKEN"),
        ("Basic YTpi", "Check CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD"),
        ("Bearer token", "Check CATALYST_ENGINE_TOKEN"),
    ],
)
async def test_engine_that_refuses_credentials_names_their_settings(authorization, fix, make_client):
    async def refuse(_):
        return web.Response(status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    async with test_utils.TestServer(app) as server:
        engine = make_client(str(server.make_url("/engine-rest")), authorization=authorization)
        with pytest.raises(EngineRefused, match=f"401: {fix}"):
            await engine.latest_definitions()


async def test_product_without_the_right_to_see_it_is_the_version(make_client):
    async def refuse(_):
        return web.json_response({"type": "AuthorizationException", "message": "no"}, status=403)

    async def version(_):
        return web.json_response({"version": "7.24.0"})

    app = web.Application()
    app.router.add_get("/telemetry/data", refuse)
    app.router.add_get("/version", version)
    async with test_utils.TestServer(app) as server:
        assert str(await make_client(str(server.make_url("/"))).product()) == "unknown 7.24.0"


@pytest.mark.parametrize("answer", ['{"ok": true}', "null", '"x"', '[{"id": "1"}]', "[1]"])
async def test_engine_url_of_another_server_is_an_outage(answer, make_client):
    async def say(_):
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with test_utils.TestServer(app) as server:
        engine = make_client(str(server.make_url("/engine-rest")))
        with pytest.raises(EngineUnreachable, match="is not a Camunda engine"):
            await engine.fetch_and_lock(["any"], 1)


async def test_variables_that_a_task_sees_are_known_by_their_names(backend, make_client, topic):
    engine = make_client(backend.rest_url)
    engine.variables_to_fetch.add(("none",))
    await backend.create_task(topic, variables=Encoder().encode_all({"userMessage": "Hi", "order": {"id": 1}}))
    [task] = await engine.fetch_and_lock([topic], 1)

    assert not task.variables
    assert {"userMessage", "order"} <= {*await engine.visible_variables(task.execution_id)}


async def test_variables_that_are_large_are_not_read_for_their_names(backend, make_client, topic):
    engine = make_client(backend.rest_url)
    engine.variables_to_fetch.add(("none",))
    await backend.create_task(topic, variables=Encoder().encode_all({"list": ["x" * 1000] * 1200}))
    [task] = await engine.fetch_and_lock([topic], 1)

    with pytest.raises(EngineResponseTooLarge):
        await engine.visible_variables(task.execution_id)
