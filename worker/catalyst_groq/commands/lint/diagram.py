"""A parsed diagram whose elements know their lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree as ET
from xml.parsers import expat

from catalyst_groq.commands.lint.names import BPMN, CAMUNDA, EXTENSION_ELEMENTS, MESSAGE_EVENT
from catalyst_groq.domain.definitions import Definition, parse
from catalyst_groq.domain.diagram_encoding import ENCODING_FIX, EncodingError, decode_diagram
from catalyst_groq.domain.diagram_scopes import read_name

CAMUNDA_NAMESPACES = ("http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn")
"""Namespaces that other engines read like Camunda's."""

ROOT = f"{BPMN}definitions"
LOOP = f"{BPMN}multiInstanceLoopCharacteristics"
LOOP_VARIABLES = frozenset(("loopCounter", "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances"))
"""What the engine sets for each item of a multi-instance, beside the element variable."""

SAVE_AGAIN = "Save it again in the Modeler"
PARAMETERS = f"{EXTENSION_ELEMENTS}/{CAMUNDA}inputOutput/{CAMUNDA}"


class DiagramError(ValueError):
    """A diagram cannot be read; the message continues a sentence about it."""

    def __init__(self, reason: str, line: int = 0, fix: str = SAVE_AGAIN) -> None:
        super().__init__(reason)
        self.line = line
        self.fix = fix


@dataclass(frozen=True)
class Diagram:
    """A diagram as the modeller wrote it, and as the worker reads it."""

    root: ET.Element
    lines: Mapping[ET.Element, int]
    definition: Definition

    @cached_property
    def parents(self) -> Mapping[ET.Element, ET.Element]:
        """The element around each element."""
        return {child: parent for parent in self.root.iter() for child in parent}

    @cached_property
    def error_codes(self) -> Mapping[str, str | None]:
        """The codes of the errors by their ids."""
        return {read_name(error, "id"): error.get("errorCode") for error in self.root.iter(f"{BPMN}error")}

    def scopes_of(self, element: ET.Element) -> Iterator[ET.Element]:
        """Yield the element, and the elements around it from the inside out."""
        scope: ET.Element | None = element
        while scope is not None:
            yield scope
            scope = self.parents.get(scope)

    def loop_variables_of(self, element: ET.Element) -> set[str]:
        """Return the variables that the multi-instances on and around an element set for each item."""
        loops = [loop for scope in self.scopes_of(element) if (loop := scope.find(LOOP)) is not None]
        elements = {name for loop in loops if (name := loop.get(f"{CAMUNDA}elementVariable"))}
        return elements | LOOP_VARIABLES if loops else set()

    def owner_of(self, part: ET.Element) -> ET.Element:
        """Return the flow element that a part such as a field belongs to."""
        return next(
            (
                scope
                for scope in self.scopes_of(part)
                if scope.get("id") and scope.tag != MESSAGE_EVENT and not scope.tag.startswith(CAMUNDA)
            ),
            self.root,
        )


def read_diagram(content: bytes | str) -> Diagram:
    """Parse a diagram. It may take any time. Raises `DiagramError`."""
    try:
        xml = decode_diagram(content) if isinstance(content, bytes) else content
        root, lines = _parse_with_lines(xml)
        if root.tag != ROOT:
            raise DiagramError("is no BPMN diagram: its root element is not 'definitions' of BPMN 2.0")
        return Diagram(root, lines, parse(xml))
    except expat.ExpatError as error:
        raise DiagramError(f"is not well-formed XML: {error}", error.lineno) from error
    except EncodingError as error:
        raise DiagramError(str(error), error.line, ENCODING_FIX) from error
    except RecursionError as error:
        raise DiagramError("is nested too deeply") from error
    except (ET.ParseError, ValueError) as error:
        raise error if isinstance(error, DiagramError) else DiagramError(f"cannot be read: {error}") from error


def _parse_with_lines(xml: str) -> tuple[ET.Element, dict[ET.Element, int]]:
    """Return the root, and the line of each element. No external entity is opened: expat leaves them out."""
    builder, lines = ET.TreeBuilder(), dict[ET.Element, int]()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = builder.start(_expand(tag), {_expand(name): value for name, value in attributes.items()})
        lines[element] = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: builder.end(_expand(tag))
    parser.CharacterDataHandler = builder.data
    parser.Parse(xml, True)  # noqa: FBT003 -- positional only
    return builder.close(), lines


def _expand(name: str) -> str:
    """Return a name as ElementTree writes it, with Camunda's namespace for those that engines read like it."""
    namespace, separator, local = name.rpartition("}")
    if not separator:
        return name
    return CAMUNDA + local if namespace in CAMUNDA_NAMESPACES else f"{{{namespace}}}{local}"
