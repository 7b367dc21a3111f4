"""Fixes a diagram: applies the edits that make it better, and leaves everything else as it is. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.context import LintContext
from catalyst_groq.commands.lint.diagram import Diagram, DiagramError, read_diagram
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.fixes import FIXES
from catalyst_groq.commands.lint.linter import find_all
from catalyst_groq.commands.lint.source import Edit, apply_edits
from catalyst_groq.domain.diagram_encoding import EncodingError

MAX_ROUNDS = 10
"""A fix may let lint look further, and find the next mistake."""


class FixedDiagram(NamedTuple):
    """A diagram after its fixes."""

    content: bytes
    fixed: int
    """Number of the mistakes that were fixed."""


def fix_diagram(content: bytes, context: LintContext) -> FixedDiagram:
    """Return a diagram with the mistakes fixed that need no decision of the modeller. It may take any time.

    A diagram is left as it is if it cannot be read, or could not be read afterwards. No fix of a task that worked
    brings a finding; a task that failed may have others, which lint sees only then.
    """
    fixed = 0
    for _ in range(MAX_ROUNDS):
        try:
            round_ = _fix_once(content, context)
        except (DiagramError, EncodingError, RecursionError):
            break
        if not round_.fixed:
            break
        content, fixed = round_.content, fixed + round_.fixed
    return FixedDiagram(content, fixed)


def _fix_once(content: bytes, context: LintContext) -> FixedDiagram:
    diagram = read_diagram(content)
    findings, checks = find_all(diagram, context)
    attempt = _Attempt(content, diagram, findings, context)
    for task_fails_before in (True, False):
        rule_ids = [rule_id for rule_id, fix in FIXES.items() if fix.task_fails_before is task_fails_before]
        edits = list(dict.fromkeys(edit for check in checks for edit in attempt.edits_of(check, rule_ids)))
        accepts = attempt.accepts_progress if task_fails_before else attempt.accepts_nothing_new
        if (fixed := attempt.apply(edits, accepts)).fixed:
            return fixed
    return FixedDiagram(content, 0)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The edits of one round, and what was found before."""

    content: bytes
    diagram: Diagram
    findings: list[Finding]
    context: LintContext

    def edits_of(self, check: TaskCheck, rule_ids: Iterable[str]) -> Iterator[Edit]:
        """Yield the edits for a task's findings of these rules."""
        broken = {finding.rule_id for finding in self.findings if finding.element_id == check.task.id}
        for rule_id in rule_ids:
            if rule_id in broken:
                yield from FIXES[rule_id].find_edits(check)

    def apply(self, edits: list[Edit], accepts: Callable[[list[Finding]], bool]) -> FixedDiagram:
        """Return the diagram with the edits; with those that are accepted alone, if not all are together."""
        for tried in (edits, [edit for edit in edits if self._try([edit], accepts)] if len(edits) > 1 else []):
            if changed := self._try(tried, accepts):
                return FixedDiagram(changed, len(tried))
        return FixedDiagram(self.content, 0)

    def accepts_progress(self, remaining: list[Finding]) -> bool:
        """Whether a finding of a task that failed is gone; others may come to light."""
        return any(FIXES[finding.rule_id].task_fails_before for finding in self._gone(remaining))

    def accepts_nothing_new(self, remaining: list[Finding]) -> bool:
        """Whether there are fewer findings, and none of another kind."""
        return _count(remaining) < _count(self.findings)

    def _try(self, edits: list[Edit], accepts: Callable[[list[Finding]], bool]) -> bytes | None:
        changed = apply_edits(self.content, self.diagram.root, edits) if edits else None
        try:
            return changed if changed and accepts(find_all(read_diagram(changed), self.context)[0]) else None
        except DiagramError:
            return None

    def _gone(self, remaining: list[Finding]) -> list[Finding]:
        return [finding for finding in self.findings if finding.rule_id in FIXES and finding not in remaining]


def _count(findings: list[Finding]) -> Counter[tuple[str, str]]:
    return Counter((finding.element_id, finding.rule_id) for finding in findings)
