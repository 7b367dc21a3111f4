"""`catalyst-groq deploy`: deploys files, starts an instance of a process in them, and waits for its outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from catalyst_groq.camunda.deployments import Deployment, Deployments, ProcessDefinition
from catalyst_groq.camunda.instances import Instances
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.deployment_files import DeploymentFiles
from catalyst_groq.commands.instance_outcome import InstanceOutcome, OnAttempts, wait_for_outcome
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import CatalystError, EngineRefused


class UnknownProcess(CatalystError):  # noqa: N818 -- named after the state
    """No process with the key is deployed."""


class InstanceStart(NamedTuple):
    """Which process to start, and with what. `wait_seconds` is 0 where nobody waits for the outcome."""

    key: str
    variables: Mapping[str, TypedValueDto]
    business_key: str = ""
    wait_seconds: float = 0


class StartRefused(CatalystError):  # noqa: N818 -- named as `EngineRefused`
    """The engine has not started the instance."""

    def __init__(self, start: InstanceStart, refusal: EngineRefused) -> None:
        texts = [
            name
            for name, typed in start.variables.items()
            if typed["type"] == "String" and str(typed["value"]).startswith(("[", "{"))
        ]
        hint = f" '{texts[0]}' is a String: write --var '{texts[0]}:=…' for Json." if texts else ""
        super().__init__(f"The instance of {start.key} was not started: {end_sentence(str(refusal))}{hint}")


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What to deploy, and what to start. `tenant` may be empty; `always`: also if no file has changed."""

    files: DeploymentFiles
    name: str
    tenant: str = ""
    always: bool = False
    start: InstanceStart | None = None


class DeployReport(NamedTuple):
    """What was deployed and started. `instance_id` is None where no instance was to be started."""

    deployment: Deployment
    notes: list[str]
    instance_id: str | None = None
    outcome: InstanceOutcome | None = None


async def deploy(
    rest: RestClient,
    request: DeployRequest,
    on_deployed: Callable[[DeployReport], None],
    on_started: Callable[[str], None],
    on_attempts: OnAttempts,
) -> DeployReport:
    """Deploy, start, and wait, as requested; `on_started` gets the id of the instance before the wait.

    Raises `UnknownProcess`, `StartRefused`, `EngineError`.
    """
    deployments, start = Deployments(rest), request.start
    report = await _deploy_files(deployments, request)
    on_deployed(report)
    if start is None:
        return report
    definition = await _find_definition(deployments, report.deployment, start.key, request.tenant)
    try:
        instance_id = await deployments.start(definition.id, start.variables, start.business_key)
    except EngineRefused as refusal:
        raise StartRefused(start, refusal) from refusal
    report = report._replace(instance_id=instance_id)
    on_started(instance_id)
    if not start.wait_seconds:
        return report
    instances = Instances(rest)
    outcome = await wait_for_outcome(instances, instance_id, start.wait_seconds, on_attempts)
    if outcome.is_settled:
        outcome = replace(outcome, variables=await instances.variables(instance_id))
    return report._replace(outcome=outcome)


async def _deploy_files(deployments: Deployments, request: DeployRequest) -> DeployReport:
    files, tenant = request.files, request.tenant
    deployment = await deployments.deploy(request.name, files.contents, tenant, always=request.always)
    notes = list(files.notes)
    for definition in deployment.definitions:
        latest = await deployments.latest(definition.key, tenant)
        if latest and latest.version > definition.version:
            notes.append(
                f"{definition.key}: version {definition.version} has these files, but version {latest.version} of "
                "another deployment is the latest. Add --always to deploy them once more."
            )
    return DeployReport(deployment, notes)


async def _find_definition(
    deployments: Deployments, deployment: Deployment, key: str, tenant: str
) -> ProcessDefinition:
    for definition in deployment.definitions:
        if definition.key == key:
            return definition
    if found := await deployments.latest(key, tenant):
        return found
    keys = ", ".join(definition.key for definition in deployment.definitions) or "none"
    raise UnknownProcess(f"--start {key}: no such process is deployed. Write the id of a process in the files: {keys}.")
