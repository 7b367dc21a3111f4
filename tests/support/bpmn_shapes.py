"""Generates BPMN diagrams of every shape that people deploy, each with what an engine and the worker must see in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "operaton": "http://operaton.org/schema/1.0/bpmn",
    "activiti": "http://activiti.org/bpmn",
}
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
VENDOR = "http://example.org/vendor"
PREFIXES = ["bpmn:", "bpmn2:", "semantic:", "b:", ""]
ENCODINGS = [
    ("UTF-8", "utf-8"),
    ("utf-8", "utf-8-sig"),
    ("", "utf-8"),
    ("ISO-8859-1", "latin-1"),
    ("ISO-8859-15", "iso8859-15"),
    ("windows-1252", "cp1252"),
    ("US-ASCII", "ascii"),
    ("UTF-16", "utf-16"),
    ("UTF-16", "utf-16-be"),
    ("", "utf-16"),
]
CODES = ["BAD", "RATE_LIMITED", "Fehler_ä"]
TEXTS = ["Hi", "Übersetze: ${text}", '{"a": "<b> & \'c\'"}', "Zeile 1\nZeile 2", "50 €", "表", "]]>", " "]
FIELDS = dict.fromkeys(["catalyst_payload", "catalyst_prompt", "x"], TEXTS)
TASK_TAGS = ["serviceTask", "sendTask", "businessRuleTask"]
EVENT_TAGS = ["intermediateThrowEvent", "endEvent"]
TIMER = "<{b}timerEventDefinition><{b}timeDuration>PT9H</{b}timeDuration></{b}timerEventDefinition>"
CONDITION = "<{b}conditionalEventDefinition><{b}condition>${{false}}</{b}condition></{b}conditionalEventDefinition>"
OTHER_BOUNDARIES = [TIMER, CONDITION, '<{b}signalEventDefinition signalRef="S"/>', "<{b}compensateEventDefinition/>"]
DECORATIONS = ["", "<!-- <{b}serviceTask id='Ask'/> & so on -->", "<?vendor <{b}serviceTask?>"]
DOCUMENTATION = "<{b}documentation>Not a &lt;field&gt;</{b}documentation>"
MULTI_INSTANCE = (
    "<{b}multiInstanceLoopCharacteristics><{b}loopCardinality>1</{b}loopCardinality>"
    "</{b}multiInstanceLoopCharacteristics>"
)
LANES = '<{b}laneSet><{b}lane id="L1"><{b}childLaneSet><{b}lane id="L2"/></{b}childLaneSet></{b}lane></{b}laneSet>'
MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class ExpectedTask:
    """What is written at one external task."""

    topic: str
    properties: dict[str, str]
    fields: dict[str, str]
    caught: frozenset[str]
    """Of `CODES`."""
    is_reached: bool
    """Whether a process instance arrives there by itself."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One diagram, and what is in it."""

    key: str
    content: bytes
    tasks: dict[str, ExpectedTask] = field(default_factory=dict)
    calls: frozenset[str] = frozenset()


class ShapeGenerator:
    """Makes one diagram by a seed.

    `namespaces`: the prefixes of those that the engine accepts. `models`: texts of the Model field; `fields`: those of
    other fields, by name.
    """

    def __init__(
        self,
        seed: int,
        namespaces: Sequence[str] = tuple(NAMESPACES),
        models: Sequence[str] = TEXTS,
        fields: Mapping[str, Sequence[str]] = FIELDS,
    ) -> None:
        self._models = models
        self._fields = fields
        self._random = Random(seed)  # noqa: S311 -- shapes, not secrets
        self._namespaces = namespaces
        self._key = f"shape-{seed}"
        self._declared, self._codec = self._random.choice(ENCODINGS)
        self._prefix = self._random.choice(PREFIXES)
        self._tasks: dict[str, ExpectedTask] = {}
        self._calls: set[str] = set()
        self._count = 0

    def make(self) -> Shape:
        """Return the diagram."""
        inside = self._scope(frozenset(), 0, is_reached=True)
        lanes = self._pick(["", LANES])
        extensions = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
        own = f"xmlns{':' + self._prefix[:-1] if self._prefix else ''}"
        errors = "".join(
            f'<{{b}}error id="E{number}"{self._attribute("errorCode", code)}/>' for number, code in enumerate(CODES)
        )
        body = (
            f'<{{b}}definitions {own}="{BPMN}" {extensions} xmlns:v="{VENDOR}" targetNamespace="t">'
            f'{self._decoration()}<{{b}}signal id="S" name="s"/>{errors}<{{b}}error id="E9"/>'
            f'<{{b}}process id="{self._key}" isExecutable="true" camunda:historyTimeToLive="1">'
            f"{lanes}{inside}</{{b}}process></{{b}}definitions>"
        )
        version = self._pick(["1.0", "1.1"]) if self._codec == "utf-8" and self._declared else "1.0"
        encoding = f" encoding={self._pick([chr(34), chr(39)])}{self._declared}" if self._declared else ""
        declaration = f'<?xml version="{version}"{encoding}{encoding[10:11]}?>'
        text = declaration + self._pick(["", "\n", "\r\n"]) + body.replace("{b}", self._prefix)
        return Shape(self._key, text.encode(self._codec), self._tasks, frozenset(self._calls))

    def _pick(self, choices):
        return self._random.choice(choices)

    def _is_encodable(self, text: str) -> bool:
        try:
            text.encode(self._codec)
        except UnicodeEncodeError:
            return False
        return True

    def _attribute(self, name: str, value: str) -> str:
        quoted = quoteattr(value, {"\n": "&#10;"})
        return (
            f" {name}={quoted if self._is_encodable(quoted) else quoted.encode('ascii', 'xmlcharrefreplace').decode()}"
        )

    def _new_id(self) -> str:
        self._count += 1
        umlaut = self._pick(["", "_prüfen"])
        return f"A{self._count}{umlaut if self._is_encodable(umlaut) else ''}"

    def _decoration(self) -> str:
        return self._pick(DECORATIONS)

    def _lanes(self) -> str:
        return (
            '<{b}laneSet><{b}lane id="L1"><{b}childLaneSet><{b}lane id="L2"/></{b}childLaneSet></{b}lane></{b}laneSet>'
        )

    def _scope(self, caught: Collection[str], depth: int, *, is_reached: bool) -> str:
        """Return what is inside a process or subprocess. `caught`: the codes that are caught around it."""
        handled = self._pick([None, None, *CODES]) if depth < MAX_DEPTH else None
        inner = frozenset(caught) | ({handled} if handled else set())
        makers = [self._task, self._task, self._event, self._plain, self._call]
        makers += [self._subprocess] * 2 if depth < MAX_DEPTH else []
        made = [self._pick(makers)(inner, depth, is_reached=is_reached) for _ in range(self._random.randint(1, 4))]
        start = self._new_id()
        flows = (
            f'<{{b}}sequenceFlow id="{self._new_id()}" sourceRef="{start}" targetRef="{target}"/>'
            for target, _, is_target in made
            if is_target
        )
        parts = [f'<{{b}}startEvent id="{start}"/>', *flows, *(xml for _, xml, _ in made)]
        if handled:
            parts.append(self._event_subprocess(handled, caught, depth))
        self._random.shuffle(parts)
        return "".join(part + self._decoration() for part in parts)

    def _event_subprocess(self, code: str, caught: Collection[str], depth: int) -> str:
        """An event subprocess that catches a code, but not from its own activities."""
        _, task, _ = self._task(frozenset(caught), depth, is_reached=False)
        definition = f'<{{b}}errorEventDefinition errorRef="E{CODES.index(code)}"/>'
        event = f'<{{b}}startEvent id="{self._new_id()}">{definition}</{{b}}startEvent>'
        white = self._pick(["", " "])
        return f'<{{b}}subProcess id="{self._new_id()}" triggeredByEvent="{white}true">{event}{task}</{{b}}subProcess>'

    def _boundaries(self, activity: str) -> tuple[str, frozenset[str]]:
        """Return boundary events, and the codes that they catch."""
        xml, caught = "", frozenset[str]()
        kind = self._pick(["none", "none", "one", "all", "without code"])
        white = self._pick(["", " "])
        if kind != "none":
            code = self._pick(CODES)
            caught = frozenset([code] if kind == "one" else CODES)
            number = {"one": str(CODES.index(code)), "without code": "9"}.get(kind)
            reference = f' errorRef="{white}E{number}"' if number else ""
            xml += self._boundary(f"{white}{activity}", f"<{{b}}errorEventDefinition{reference}/>")
        if self._pick([True, False]):
            xml += self._boundary(activity, self._pick(OTHER_BOUNDARIES).replace("{{", "{").replace("}}", "}"))
        return xml, caught

    def _boundary(self, activity: str, definition: str) -> str:
        return f'<{{b}}boundaryEvent id="{self._new_id()}" attachedToRef="{activity}">{definition}</{{b}}boundaryEvent>'

    def _task(self, caught: frozenset[str], depth: int, *, is_reached: bool) -> tuple[str, str, bool]:
        del depth
        activity, tag = self._new_id(), self._pick(TASK_TAGS)
        external, extensions, topic, properties, fields = self._external()
        boundaries, own = self._boundaries(activity)
        self._tasks[activity] = ExpectedTask(topic, properties, fields, caught | own, is_reached)
        white = self._pick(["", "", " "])
        parts = [self._pick(["", DOCUMENTATION]), extensions, self._multi_instance()]
        xml = f'<{{b}}{tag} id="{white}{activity}"{external}>{"".join(parts)}</{{b}}{tag}>'
        return activity, boundaries + xml if self._pick([True, False]) else xml + boundaries, True

    def _event(self, caught: frozenset[str], depth: int, *, is_reached: bool) -> tuple[str, str, bool]:
        """A message event: its properties stand on the event, where the engine finds them."""
        del depth
        activity, tag = self._new_id(), self._pick(EVENT_TAGS)
        external, extensions, topic, _, fields = self._external(with_properties=False)
        self._tasks[activity] = ExpectedTask(topic, {}, fields, caught, is_reached)
        definition = f"<{{b}}messageEventDefinition{external}>{extensions}</{{b}}messageEventDefinition>"
        return activity, f'<{{b}}{tag} id="{activity}">{definition}</{{b}}{tag}>', True

    def _plain(self, caught: frozenset[str], depth: int, *, is_reached: bool) -> tuple[str, str, bool]:
        del caught, depth, is_reached
        activity = self._new_id()
        tag = self._pick(["userTask", "manualTask", "receiveTask", "task"])
        return activity, f'<{{b}}{tag} id="{activity}"/>', False

    def _call(self, caught: frozenset[str], depth: int, *, is_reached: bool) -> tuple[str, str, bool]:
        del caught, depth, is_reached
        activity = self._new_id()
        self._calls.add(activity)
        return activity, f'<{{b}}callActivity id="{activity}" calledElement="other"/>', False

    def _subprocess(self, caught: frozenset[str], depth: int, *, is_reached: bool) -> tuple[str, str, bool]:
        activity, tag = self._new_id(), self._pick(["subProcess", "transaction"])
        boundaries, own = self._boundaries(activity)
        boundaries = boundaries.replace("<{b}compensateEventDefinition/>", TIMER)
        inside = self._scope(caught | own, depth + 1, is_reached=is_reached)
        xml = f'<{{b}}{tag} id="{activity}">{self._multi_instance()}{inside}</{{b}}{tag}>'
        return activity, boundaries + xml, True

    def _multi_instance(self) -> str:
        return self._pick(["", "", "", MULTI_INSTANCE])

    def _external(self, *, with_properties: bool = True) -> tuple[str, str, str, dict[str, str], dict[str, str]]:
        """Return attributes and extension elements of an external task, its topic, its properties and its fields."""
        prefix = written = self._pick(self._namespaces)
        declaration = ""
        if self._pick([True, False, False]):  # the namespace under a prefix of its own
            written, declaration = "own", f' xmlns:own="{NAMESPACES[prefix]}"'
        topic = self._pick(["shapes", "shapes-2"])
        properties = (
            {"catalyst_model": self._pick(self._models)} if with_properties and self._pick([True, False]) else {}
        )
        fields = {name: self._pick(self._fields[name]) for name in self._random.sample(list(self._fields), 2)}
        listed = "".join(
            f'<{written}:property name="{name}"{self._attribute("value", value)}/>'
            for name, value in properties.items()
        )
        parts = [f"<{written}:properties>{listed}</{written}:properties>" if listed else "", self._decoration()]
        parts += [self._field(written, name, text) for name, text in fields.items()]
        parts += [self._pick(["", '<v:colour name="catalyst_model" value="red"><v:property name="width"/></v:colour>'])]
        self._random.shuffle(parts)
        extensions = f"<{{b}}extensionElements>{''.join(parts)}</{{b}}extensionElements>"
        external = f'{declaration} {written}:type="external" {written}:topic="{topic}"'
        return external, extensions, topic, properties, fields

    def _field(self, prefix: str, name: str, text: str) -> str:
        kind, written = self._pick(["string", "expression"]), self._text(text)
        forms = [
            f'<{prefix}:field name="{name}"{self._attribute("stringValue", text)}/>',
            f'<{prefix}:field name="{name}"><{prefix}:{kind}>{written}</{prefix}:{kind}></{prefix}:field>',
        ]
        return self._pick(forms)

    def _text(self, text: str) -> str:
        cdata = f"<![CDATA[{text}]]>"
        if "]]>" not in text and self._is_encodable(text) and self._pick([True, False]):
            return cdata
        escaped = escape(text)
        return escaped if self._is_encodable(escaped) else escaped.encode("ascii", "xmlcharrefreplace").decode()


def make_shape(seed: int, namespaces: Sequence[str] = tuple(NAMESPACES)) -> Shape:
    """Make one diagram."""
    return ShapeGenerator(seed, namespaces).make()


def make_healthy_shape(seed: int) -> Shape:
    """Make one diagram without a mistake: what its tasks map, and the codes that they throw, suit any place in it."""
    fields = {"catalyst_responseMapping": ["{}"], "catalyst_errorMapping": ['{"400": "${code}"}', "429: ${code}"]}
    return ShapeGenerator(seed, models=["openai/gpt-oss-20b", "${model || 'qwen/qwen3.8-27b'}"], fields=fields).make()
