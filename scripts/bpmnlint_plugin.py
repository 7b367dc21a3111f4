"""Writes the generated files of the plugin for bpmnlint and the Camunda Modeler: `make plugin`.

They are the table of rules and messages, one module for each rule, the bundle for the Modeler, and the list of rules in
the plugin's README. A test holds them to the code: what the worker says is taken from the worker.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catalyst_groq.commands.lint.context import TEMPLATE_VERSIONS, default_context
from catalyst_groq.commands.lint.diagram import LOOP_VARIABLES
from catalyst_groq.commands.lint.error_checks import KNOWN_CAUSES as HINTED_CAUSES
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.form_checks import FILE_TYPES, FORM_TYPES
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.commands.lint.misspelt_fields import KNOWN_FIELDS
from catalyst_groq.commands.lint.rules import Rule, all_rules
from catalyst_groq.commands.lint.tasks import TEMPLATE_PREFIX
from catalyst_groq.common.texts import MIN_SIMILARITY
from catalyst_groq.connector.access.secrets import VARIABLE_SOURCE
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.connector.fields import error_causes, mappings, names
from catalyst_groq.connector.fields.ignored_fields import STANDARD_VARIABLES
from catalyst_groq.connector.requests.transcription import SEGMENT, WORD
from catalyst_groq.connector.task_request import TASK_OPERATIONS
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.redaction import KEY_PREFIX
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import Feature, Model, shipped_catalog
from support.lint_diagrams import process_around, task_with

FOLDER = Path(__file__).parents[1] / "bpmnlint-plugin-catalyst-groq"
README = FOLDER / "README.md"
MARK = "<!-- rules -->"
VALUE = "\ue000"
"""A character of no diagram, in the place of a value of the message."""

ONLY_IN_COMMAND = {"topic-not-fetched"}
"""Rules with messages of their own that need the worker's settings or an engine."""

TRANSCRIBE = {names.OPERATION: names.TRANSCRIBE_OPERATION}
PLACES = re.compile(r"[{}]")


class Probe(NamedTuple):
    """Fields with a mistake, and which parts of the message that follows are values: by the text, their names."""

    rule_id: str
    fields: Mapping[str, str]
    values: Mapping[str, str]
    message: str = ""


PROBES = [
    Probe("invalid-operation", {names.OPERATION: VALUE}, {VALUE: "value"}),
    Probe("invalid-timeout", {names.TIMEOUT: VALUE}, {VALUE: "value"}),
    Probe("invalid-retries", {names.RETRIES: VALUE}, {VALUE: "value"}),
    Probe("invalid-give-up-after", {names.GIVE_UP_AFTER: VALUE}, {VALUE: "value"}),
    Probe("invalid-fallback-models", {names.FALLBACK_MODELS: f"{VALUE};"}, {f"{VALUE};": "value"}, "name"),
    Probe("invalid-fallback-models", {names.FALLBACK_MODELS: "["}, {}, "no list"),
    Probe("invalid-fallback-models", {names.FALLBACK_MODELS: "[1]"}, {}, "entries"),
    Probe(
        "invalid-conversation", {names.CONVERSATION: f"catalyst_{VALUE}"}, {f"catalyst_{VALUE}": "value"}, "reserved"
    ),
    Probe("invalid-conversation", {names.CONVERSATION: "x" * 300}, {"x" * 40: "value", "300": "length"}, "long"),
    Probe("invalid-transcription", {**TRANSCRIBE, names.LANGUAGE: VALUE}, {VALUE: "value"}, "language"),
    Probe("invalid-transcription", {**TRANSCRIBE, names.GRANULARITIES: VALUE}, {VALUE: "value"}, "granularity"),
    Probe(
        "invalid-transcription", {**TRANSCRIBE, names.GRANULARITIES: WORD, names.RESPONSE_FORMAT: "json"}, {}, "words"
    ),
    Probe("invalid-model", {**TRANSCRIBE, names.MODEL: "openai/gpt-oss-20b"}, {"openai/gpt-oss-20b": "value"}, "audio"),
    Probe(
        "invalid-model",
        {**TRANSCRIBE, names.MODEL: "whisper-large-v3-turbo", names.TRANSLATE: "true"},
        {"whisper-large-v3-turbo": "value"},
        "translation",
    ),
    Probe("unknown-field", {"catalyst_timeOut": "9"}, {"catalyst_timeOut": "field", "catalyst_timeout": "near"}),
    Probe("unknown-field", {f"catalyst_{VALUE}": "9"}, {f"catalyst_{VALUE}": "field"}),
    Probe("unused-field", {names.PROMPT: "a"}, {names.PROMPT: "field", "'chat'": "'operation'"}),
    Probe(
        "mapping-name", {names.RESPONSE_MAPPING: f'{{"#{{{VALUE}}}": "a"}}'}, {f"#{{{VALUE}}}": "value"}, "placeholder"
    ),
    Probe(
        "mapping-name",
        {names.RESPONSE_MAPPING: f'{{"{VALUE}": "path"}}'},
        {VALUE: "value", '"path"': '"expression"'},
        "reversed",
    ),
    Probe("mapping-name", {names.RESPONSE_MAPPING: f'{{"{VALUE}": "a.b"}}'}, {VALUE: "value"}, "name"),
]


def generated_files() -> dict[Path, str]:
    """Return the texts of all generated files."""
    table = json.dumps(make_table(), indent=2, ensure_ascii=False) + "\n"
    rules = {
        f"rules/{id_}.js": f"'use strict';\n\nmodule.exports = require('../lib/rule')('{id_}');\n" for id_ in covered()
    }
    written = {"lib/table.json": table, **rules}
    return {FOLDER / name: text for name, text in {**written, "client/client.bundle.js": _bundle(written)}.items()} | {
        README: _readme(README.read_text(encoding="utf-8"))
    }


def covered() -> list[str]:
    """Return the ids of the rules that the plugin has, in the order of the table."""
    own = {rule.id for rule in all_rules().values() if rule.messages} - ONLY_IN_COMMAND
    probed = {"invalid-choice", *(probe.rule_id for probe in PROBES)}
    return [id_ for id_ in all_rules() if id_ in own | probed]


def make_table() -> dict[str, Any]:
    """Return all that the plugin knows: its rules with their messages, names, defaults, models."""
    messages = _messages_of_worker()
    return {
        "rules": {id_: _describe(all_rules()[id_], messages.get(id_, [])) for id_ in covered()},
        **_field_names(),
        "topics": default_context().topics,
        "fieldPrefix": FIELD_PREFIX,
        "templatePrefix": TEMPLATE_PREFIX,
        "templateVersions": TEMPLATE_VERSIONS,
        "standardVariables": sorted(STANDARD_VARIABLES),
        "knownFields": sorted(KNOWN_FIELDS),
        "operations": [{"name": name, "defaults": dict(kind.defaults)} for name, kind in TASK_OPERATIONS.items()],
        "transcribeOperation": names.TRANSCRIBE_OPERATION,
        "choices": _choices(),
        "granularities": [SEGMENT, WORD],
        "formTypes": list(FORM_TYPES),
        "fileTypes": list(FILE_TYPES),
        "keyPrefix": KEY_PREFIX,
        "variableSource": VARIABLE_SOURCE,
        "groqUrls": [GROQ_URL, *(kind.defaults[names.URL] for kind in TASK_OPERATIONS.values())],
        "loopVariables": sorted(LOOP_VARIABLES),
        "maxShownChars": mappings.MAX_SHOWN_CHARS,
        "defaultCodes": list(mappings.DEFAULT_CODES.values()),
        "causes": {
            "hints": sorted(HINTED_CAUSES),
            "refused": {
                "known": error_causes.KNOWN_CAUSES,
                "noCauses": sorted(error_causes.NOT_CAUSES),
                "misspeltSimilarity": MIN_SIMILARITY,
                "relatedSimilarity": error_causes.RELATED_SIMILARITY,
                "maxSuggestions": error_causes.MAX_SUGGESTIONS,
            },
        },
        "models": [_describe_model(model) for model in shipped_catalog().models],
    }


def _field_names() -> dict[str, str]:
    return {
        "operationField": names.OPERATION,
        "payloadField": names.PAYLOAD,
        "modelField": names.MODEL,
        "fallbackModelsField": names.FALLBACK_MODELS,
        "conversationField": names.CONVERSATION,
        "responseMappingField": names.RESPONSE_MAPPING,
        "errorMappingField": names.ERROR_MAPPING,
        "collectField": names.COLLECT,
        "collectErrorsField": names.COLLECT_ERRORS,
        "keyField": names.API_KEY,
        "secretSourceField": names.SECRET_SOURCE,
        "urlField": names.URL,
        "timeoutField": names.TIMEOUT,
        "retriesField": names.RETRIES,
        "giveUpAfterField": names.GIVE_UP_AFTER,
        "audioField": names.AUDIO,
        "languageField": names.LANGUAGE,
        "granularitiesField": names.GRANULARITIES,
        "responseFormatField": names.RESPONSE_FORMAT,
        "translateField": names.TRANSLATE,
    }


def _describe(rule: Rule, of_worker: list[dict[str, str]]) -> dict[str, Any]:
    own = [
        {**({"name": message.name} if message.name else {}), "problem": message.problem, "fix": message.fix}
        for message in rule.messages
    ]
    return {"severity": rule.severity.value, "title": rule.title, "url": rule.url, "messages": [*own, *of_worker]}


def _describe_model(model: Model) -> dict[str, Any]:
    retired = {"retired": str(model.retired), "replacement": model.replacement} if model.retired else {}
    translates = {"translates": True} if Feature.TRANSLATION in model.features else {}
    return {"id": model.id, "kind": model.kind, "isAvailable": model.is_available, **retired, **translates}


def _messages_of_worker() -> dict[str, list[dict[str, str]]]:
    """Return by rule what the worker says, with places for the values."""
    messages: dict[str, list[dict[str, str]]] = {}
    for probe in [
        *PROBES,
        *(Probe("invalid-choice", fields, {VALUE: "value"}, field) for field, fields in _choice_probes()),
    ]:
        found = _find(probe.rule_id, probe.fields)
        message = _with_places(probe.message, found.problem, found.fix, probe.values)
        messages.setdefault(probe.rule_id, []).append(message)
    messages["unknown-cause"] = list(_messages_of_causes())
    return messages


def _messages_of_causes() -> Iterator[dict[str, str]]:
    unsuggested = next(
        cause for cause in sorted(error_causes.NOT_CAUSES) if not _refusal(cause).fix.startswith("Did you mean")
    )
    for cause, values in (
        ("timeouts", {"'timeouts'": "'value'", "timeout?": "suggestions?"}),
        (unsuggested, {unsuggested: "value"}),
    ):
        error = _refusal(cause)
        yield _with_places("refused", f"{error.field}: {error.problem}", error.fix, values)


def _refusal(cause: str) -> FieldError:
    try:
        error_causes.check_cause(names.ERROR_MAPPING, cause)
    except FieldError as error:
        return error
    raise AssertionError(cause)


def _choice_probes() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the fields that hold one of a few values, each with a value that is none of them."""
    for operation, kind in TASK_OPERATIONS.items():
        for field in kind.defaults:
            fields = {names.OPERATION: operation, field: VALUE}
            if any(finding.rule_id == "invalid-choice" and f"{field}:" in finding.problem for finding in _lint(fields)):
                yield field, fields


def _choices() -> dict[str, list[str]]:
    """Return the values of these fields, as the worker names them."""
    fixes = {field: _find("invalid-choice", fields).fix for field, fields in _choice_probes()}
    return {field: fix.removeprefix("It must be one of ").split(", ") for field, fix in fixes.items()}


def _find(rule_id: str, fields: Mapping[str, str]) -> Finding:
    return next(finding for finding in _lint(fields) if finding.rule_id == rule_id)


def _lint(fields: Mapping[str, str]) -> list[Finding]:
    return lint_diagram(process_around(task_with(fields)), default_context())


def _with_places(name: str, problem: str, fix: str, values: Mapping[str, str]) -> dict[str, str]:
    texts = {"problem": problem, "fix": fix}
    for key, text in texts.items():
        escaped = PLACES.sub(lambda brace: brace[0] * 2, text)
        for value, written in values.items():
            place = re.sub(r"\w+", lambda word: f"{{{word[0]}}}", written)
            escaped = escaped.replace(PLACES.sub(lambda brace: brace[0] * 2, value), place)
        texts[key] = escaped
    return {**({"name": name} if name else {}), **texts}


def _bundle(generated: Mapping[str, str]) -> str:
    """Return one script for the Modeler with all modules."""
    paths = sorted([*FOLDER.glob("lib/*.js"), FOLDER / "index.js", FOLDER / "client" / "client.js"])
    sources = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    sources["lib/table.json"] = f"module.exports = {generated['lib/table.json'].rstrip()};\n"
    modules = ",\n".join(
        f"{json.dumps(name)}: function(module, require) {{\n{_resolve(name, text)}}}" for name, text in sources.items()
    )
    return f"""// Written by scripts/bpmnlint_plugin.py from the modules of this plugin.
(function() {{
const modules = {{
{modules}
}};
const loaded = {{}};

function load(name) {{
  if (!loaded[name]) {{
    loaded[name] = {{ exports: {{}} }};
    modules[name](loaded[name], load);
  }}

  return loaded[name].exports;
}}

load('client/client.js');
}})();
"""


def _resolve(module: str, text: str) -> str:
    """Return a module with the names of the modules that it loads in the place of their paths."""

    def name_of(path: re.Match[str]) -> str:
        target = (FOLDER / module).parent.joinpath(path[1]).resolve().relative_to(FOLDER.resolve()).as_posix()
        return f"require('{target if target.endswith('.json') else f'{target}.js'}')"

    return re.sub(r"require\('([^']+)'\)", name_of, text)


def _readme(text: str) -> str:
    before, _, after = text.split(MARK)
    others = [id_ for id_ in all_rules() if id_ not in covered()]
    rows = [
        f"| [`{id_}`]({all_rules()[id_].url}) | {all_rules()[id_].severity.value} | {all_rules()[id_].title} |"
        for id_ in covered()
    ]
    listed = ", ".join(f"`{id_}`" for id_ in others)
    section = "\n".join(
        ["", "| rule | severity | |", "|---|---|---|", *rows, "", f"Only in `catalyst-groq lint`: {listed}.", ""]
    )
    return f"{before}{MARK}{section}{MARK}{after}"


def main() -> None:
    """Write the files, and remove the modules of rules that are no more."""
    files = generated_files()
    for path in {*FOLDER.glob("rules/*.js")} - files.keys():
        path.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
