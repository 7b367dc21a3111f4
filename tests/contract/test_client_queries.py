"""What else a worker asks the engine, and an engine that does not answer."""

import pytest
from aiohttp import test_utils, web

from catalyst_groq.domain.definitions import parse
from catalyst_groq.errors import EngineRefused, EngineUnreachable
from support.worker_harness import renew_lock

pytestmark = pytest.mark.anyio


async def test_a_definition_shows_the_fields_that_no_fetch_brings(stage, client, topic):
    created = await stage.create(topic)
    definition = parse(await client(stage.rest_url).definition_xml(created.definition_id))

    assert definition.fields_of("Ask") == {"catalyst_payload": "{}"}
    assert definition.catches("Ask", "ANY")


async def test_an_unknown_definition_is_refused(stage, client):
    with pytest.raises(EngineRefused, match="No matching definition"):
        await client(stage.rest_url).definition_xml("unknown")


@pytest.mark.parametrize("called", [True, False])
async def test_an_instance_tells_which_process_called_it(stage, client, topic, called):
    engine = client(stage.rest_url)
    created = await stage.create(topic, called=called)
    caller = await engine.calling_process(created.instance_id)

    assert (caller is not None) is called
    if caller:
        assert await engine.calling_process(caller.instance_id) is None
        assert "Ask" in await engine.definition_xml(caller.definition_id)


async def test_an_engine_that_refuses_connections_is_unreachable(fake, client, topic):
    engine = client(fake.rest_url)
    await engine.fetch_and_lock([topic], 1)
    await fake.go_away()

    with pytest.raises(EngineUnreachable, match=f"Engine unreachable at {fake.rest_url}: "):
        await engine.fetch_and_lock([topic], 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_that_answers_for_the_engine_makes_it_unreachable(fake, client, status):
    fake.refuse(1, status, "", "no engine behind")

    with pytest.raises(EngineUnreachable, match=f"a gateway responded {status}: no engine behind"):
        await client(fake.rest_url).complete("any", {})


NOT_FOUND = {
    "Tomcat": "<title>HTTP Status 404 - Not Found</title>",
    "Spring": '{"status": 404, "error": "Not Found", "path": "/external-task/fetchAndLock"}',
}


@pytest.mark.parametrize("page", NOT_FOUND.values(), ids=NOT_FOUND)
async def test_a_url_that_leads_past_the_rest_api_is_an_outage_that_says_what_may_be_missing(page, client):
    async def say(_):
        return web.Response(status=404, text=page)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with test_utils.TestServer(app) as server:
        engine = client(str(server.make_url("/")))
        for ask in (engine.fetch_and_lock(["any"], 1), renew_lock(engine, "any"), engine.complete("any", {})):
            with pytest.raises(
                EngineUnreachable, match=r"404 .*Not Found.* Is /engine-rest missing in CATALYST_ENGINE"
            ):
                await ask


@pytest.mark.parametrize("answer", ['{"ok": true}', "null", '"x"', '[{"id": "1"}]', "[1]"])
async def test_what_answers_in_the_place_of_the_engine_is_taken_for_an_outage(answer, client):
    async def say(_):
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with test_utils.TestServer(app) as server:
        engine = client(str(server.make_url("/engine-rest")))
        with pytest.raises(EngineUnreachable, match="is not a Camunda engine"):
            await engine.fetch_and_lock(["any"], 1)
