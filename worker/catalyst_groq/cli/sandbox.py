"""Commands that need no engine and no Groq: the demo, an engine, the Groq emulator."""

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from catalyst_groq.cli.conventions import ENV_FILE, INTERRUPTED, make_console

FlavourName = Literal["camunda", "operaton"]
ExampleName = Literal[
    "groq-example",
    "groq-tools-example",
    "groq-classify-example",
    "groq-extract-example",
    "groq-approval-example",
    "groq-translate-example",
    "groq-batch-example",
    "groq-batch-review-example",
    "groq-transcribe-example",
]
PlanName = Literal["none", "free", "developer"]


def demo(
    ask: Annotated[
        str | None, typer.Option(help="The question, or the message of a customer; default: that of the example.")
    ] = None,
    *,
    example: Annotated[
        ExampleName,
        typer.Option(metavar="<name>", help=f"The example process to run: {', '.join(get_args(ExampleName))}."),
    ] = "groq-example",
    keep: Annotated[
        bool, typer.Option("--keep", help="Stop at the first user task after Groq, and leave all running until Ctrl-C.")
    ] = False,
    flavour: Annotated[FlavourName, typer.Option(help="The engine's distribution.")] = "camunda",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The engine's port; 0 chooses a free one.")] = 0,
) -> None:
    """Run an example process on a real engine with Groq, or with the emulator if there is no GROQ_API_KEY.

    It completes the user tasks of the example, and shows the variables at the end. `catalyst-groq examples --to DIR`
    copies the diagrams.

    Exit codes: 0 the process has ended; 1 it has not; 2 wrong usage; 130 interrupted.
    """
    from catalyst_groq.config.settings import environment
    from catalyst_groq.sandbox.demo import run_demo
    from catalyst_groq.sandbox.demo_examples import list_examples
    from catalyst_groq.sandbox.engine import Flavour

    chosen = list_examples()[example]
    if ask is not None and not chosen.question:
        raise typer.BadParameter(f"{example} asks no question. Leave out --ask, or choose another --example")
    question = chosen.question if ask is None else ask
    try:
        run_demo(
            make_console(),
            chosen,
            question,
            keep=keep,
            flavour=Flavour(flavour),
            port=port,
            environ=environment(ENV_FILE),
        )
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt


def engine(
    flavour: Annotated[FlavourName, typer.Option(help="The engine's distribution.")] = "camunda",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 chooses a free one.")] = 8080,
    db: Annotated[str | None, typer.Option(help="H2 file or postgresql:// URL; default: in memory.")] = None,
) -> None:
    """Run a real engine with Cockpit and Tasklist until Ctrl-C; needs no Java and no Docker."""
    from catalyst_groq.sandbox.engine import Flavour
    from catalyst_groq.sandbox.engine.serve import serve

    serve(Flavour(flavour), port=port, database=db, console=make_console())


def emulator(  # noqa: PLR0913 -- its options
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 in a container.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before a response begins.")] = 0,
    tokens_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Speed of responses; default: unlimited.")
    ] = None,
    plan: Annotated[PlanName, typer.Option(help="The plan whose rate limits are enforced.")] = "none",
    script: Annotated[Path | None, typer.Option(help="YAML file of scripted responses.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="An accepted key; repeat for several.")] = None,
) -> None:
    """Run the Groq emulator until Ctrl-C."""
    from catalyst_groq.sandbox.emulator import EmulatorConfig
    from catalyst_groq.sandbox.emulator.command import serve

    keys = {accepted: f"org_{number}" for number, accepted in enumerate(key or [], 1)}
    config = EmulatorConfig(
        host=host, port=port, latency=latency, tokens_per_second=tokens_per_second, plan=plan, script=script, keys=keys
    )
    serve(config, make_console())
