"""`catalyst-groq render`: builds the parts of a preview from the settings."""

from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from catalyst_groq.commands.preview.answers import Answer, RecordingClient, answer_from_file, answer_nothing
from catalyst_groq.commands.preview.keys import allow_missing
from catalyst_groq.commands.preview.loading import PreviewOptions, load_task, make_process_data
from catalyst_groq.commands.preview.preview import Preview
from catalyst_groq.commands.preview.previewer import Previewer
from catalyst_groq.common.bounded_execution import ProcessPool, make_process_environment
from catalyst_groq.config import factory
from catalyst_groq.config.handler_factory import make_handler
from catalyst_groq.config.settings import Settings
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import NullJournal


async def render_task(settings: Settings, environ: Mapping[str, str], options: PreviewOptions) -> Preview:
    """Preview one task: with the worker's own handler, but without a journal, rate limits and budgets.

    Raises `CatalystError`.
    """
    catalog, encoder = factory.load_catalog(settings), Encoder(settings.string_limit)
    redactor = factory.make_redactor(settings, environ)
    secrets = factory.make_secrets(settings, environ, redactor)
    missing_keys: list[str] = []
    if not options.send:
        secrets = replace(secrets, providers=allow_missing(secrets.providers, missing_keys))
    endpoints = await factory.make_endpoints(settings, secrets)
    missing_keys.clear()
    async with AsyncExitStack() as parts:
        executor = await parts.enter_async_context(aclosing(ProcessPool(make_process_environment(environ))))
        engine = None
        if options.instance is not None:
            engine = factory.make_engine_client(settings, "catalyst-groq-render")
            await parts.enter_async_context(aclosing(engine))
        task = await load_task(options, settings.topic, encoder, engine)
        client = RecordingClient(await _open_answer(settings, options, catalog, redactor, parts))
        state = factory.make_routing_state(settings, catalog, endpoints)
        handler = make_handler(
            settings,
            make_process_data(task, engine, executor),
            catalog=catalog,
            secrets=secrets,
            endpoints=endpoints,
            router=Router(client, state, catalog, ResponseValidator(executor).validate),
            executor=executor,
            journal=NullJournal(),
        )
        previewer = Previewer(
            handler=handler,
            client=client,
            catalog=catalog,
            endpoints=endpoints,
            encoder=encoder,
            missing_keys=missing_keys,
        )
        return await previewer.preview(task, options)


async def _open_answer(
    settings: Settings, options: PreviewOptions, catalog: ModelCatalog, redactor: Redactor, parts: AsyncExitStack
) -> Answer:
    """Return what answers the requests; `parts` closes its connections."""
    if options.response is not None:
        return answer_from_file(options.response, options.status, redactor)
    if not options.send:
        return answer_nothing(catalog)
    client = factory.make_groq_client(settings, redactor)
    await parts.enter_async_context(aclosing(client))
    return client.send
