"""What all checks of a task share: the task, its fields as the worker reads them, and the way to report a mistake."""

from dataclasses import dataclass

from catalyst_groq.commands.lint.context import LintContext
from catalyst_groq.commands.lint.diagram import Diagram
from catalyst_groq.commands.lint.fields import CheckedFields, rule_of
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.commands.lint.tasks import WrittenTask
from catalyst_groq.connector.fields.names import COLLECT, COLLECT_ERRORS
from catalyst_groq.groq.api.server_kinds import ServerKind


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """One task, with all that its checks look at."""

    diagram: Diagram
    task: WrittenTask
    checked: CheckedFields
    context: LintContext

    @property
    def is_groq(self) -> bool:
        """Whether the request goes to Groq alone, so that what is known of Groq holds."""
        return self.checked.servers == {ServerKind.GROQ}

    @property
    def collecting_variable(self) -> str:
        """The name, as it is written, of the variable that gets the results of a multi-instance; blank for none."""
        return str(self.checked.raw.fields.get(COLLECT, "")).strip()

    @property
    def collects(self) -> bool:
        """Whether the results of a multi-instance are collected, each under a key of its own."""
        return bool(self.collecting_variable)

    @property
    def collects_errors(self) -> bool:
        """Whether the errors of items are collected too, so that they throw no BPMN errors."""
        return self.collects and str(self.checked.samples.get(COLLECT_ERRORS)) != "false"

    def is_refused_by(self, rule_id: str) -> bool:
        """Whether the worker itself reports a mistake of this rule."""
        return any(rule_of(mistake) == rule_id for mistake in self.checked.mistakes)

    def finding(self, rule_id: str, problem: str, fix: str, field: str = "") -> Finding:
        """Return a finding at a field, or at the task itself."""
        written = self.checked.misspelt.get(field, field)
        line = self.task.lines.get(written, self.task.line)
        return Finding(line, self.task.id, self.task.name, rule_id, problem, fix)

    def describe(self, rule_id: str, field: str = "", message: str = "", /, **values: object) -> Finding:
        """Return a finding in the words of the rule, at a field or at the task itself."""
        return self.finding(rule_id, *all_rules()[rule_id].describe(message, **values), field)
