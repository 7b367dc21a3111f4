"""What `retry` and `migrate` print."""

import json
import re
from typing import Any

import pytest

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.camunda.migrations import MigrationPlan
from catalyst_groq.commands import failed_tasks_view as view
from catalyst_groq.commands.failed_task_search import FoundTasks
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.commands.tables import CUT_NOTE
from catalyst_groq.commands.variable_changes import VariableChange
from catalyst_groq.connector.results.task_failures import UNREADABLE_ENTRY
from support.failed_tasks import make_task
from support.shown_text import KEY, mask, show

FIRST = make_task("t1", message=f"groq: 503 Down, said {KEY}. \x1b[31m[bold]" + "x" * 200)
SUSPENDED = make_task("t2", is_suspended=True, message="groq: 503 Down again.")
FOUND = FoundTasks([FIRST, SUSPENDED], {"order:1": 3})


def version(number):
    return ProcessDefinition(f"order:{number}", "order", number, "", "d1")


def migration(instance_id, plan):
    return InstanceMigration(instance_id, version(1), version(2), [FIRST], plan)


PLANNED = [migration("i1", MigrationPlan({}, frozenset())), migration("i2", f"no plan for {KEY}")]


def test_tasks_are_shown_in_groups_without_keys():
    text = show(view.show_tasks, FOUND, mask)

    assert [line.split()[:5] for line in text.splitlines()[1:2]] == [["order", "3", "Ask", "503", "2"]]
    assert "groq: 503 Down, said ***. \\x1b[31m[bold]xxx" in text
    assert "x" * 120 not in text
    assert text.splitlines()[-1] == "1 task of suspended instances: activate these in Cockpit, too."
    assert show(view.show_tasks, FoundTasks([], {}), mask) == "No Groq task has such an incident.\n"


def test_tasks_with_an_unreadable_entry_are_named_with_the_remedy():
    message = UNREADABLE_ENTRY.format("it is damaged", "Restore the journal from a backup")
    tasks = [make_task("t1", message=message), make_task("t2", message=message), make_task("t3", message="words")]
    lines = show(view.show_tasks, FoundTasks(tasks, {"order:1": 3}), mask).splitlines()

    assert [line.split()[3] for line in lines[1:3]] == ["unreadable_entry", "other"]
    assert lines[-1] == (
        "2 tasks have a paid answer in the journal that cannot be read: remedy that first, as the message of the "
        "incident says, or Groq is paid again. catalyst-groq journal show TASK names the problem."
    )


def test_migrations_are_shown_by_version_and_problem():
    found = FoundTasks([FIRST, make_task("t3", instance_id="i2"), make_task("t4", instance_id="i3")], {})

    assert show(view.show_migrations, found, PLANNED, mask).splitlines() == [
        "order: version 1 → 2, 1 instance",
        "order: version 1 → 2, 1 instance, not possible: no plan for ***.",
        "1 instance at that version already: catalyst-groq retry raises their retries.",
    ]


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (None, ["Nothing was changed. Add --yes to do it."]),
        (PacedResult(done=[FIRST, SUSPENDED]), ["2 tasks retried."]),
        (PacedResult(done=[FIRST], refused=[(SUSPENDED, KEY)]), ["1 task retried.", "task t2: ***"]),
        (
            PacedResult(unreachable="Engine unreachable"),
            ["0 tasks retried.", "Engine unreachable. The others are unchanged: run the command again for them."],
        ),
        (
            PacedResult(is_interrupted=True),
            ["0 tasks retried.", "Interrupted. The others are unchanged: run the command again for them."],
        ),
    ],
)
def test_result_says_what_is_left(result, lines):
    assert show(view.show_result, result, "task", "retried", mask).splitlines() == lines


def test_result_for_programs_has_the_ids():
    items = view.tasks_as_json(FOUND, mask) | view.migrations_as_json(PLANNED, mask)
    dry_run = json.loads(view.to_json(items, None, mask))
    report = json.loads(view.to_json(items, PacedResult(done=PLANNED[:1], refused=[(PLANNED[1], KEY)]), mask))

    assert dry_run["dryRun"]
    assert "done" not in dry_run
    assert [(task["id"], task["version"], task["suspended"]) for task in report["tasks"]] == [
        ("t1", 3, False),
        ("t2", 3, True),
    ]
    assert [(entry["id"], entry["toVersion"], entry["problem"]) for entry in report["instances"]] == [
        ("i1", 2, None),
        ("i2", 2, "no plan for ***"),
    ]
    assert (report["done"], report["refused"]) == (["i1"], [{"id": "i2", "reason": "***"}])


TYPED: dict[str, dict[str, Any]] = {
    "text": {"type": "String", "value": f"{KEY} " + "x" * 300},
    "photo": {"type": "File", "value": None, "valueInfo": {"filename": "photo.png"}},
}
CHANGES = [
    VariableChange(FIRST, "text", "", is_new=True, is_shared=False),
    VariableChange(FIRST, "photo", "", is_new=False, is_shared=False, earlier_type="File"),
    VariableChange(SUSPENDED, "text", "", is_new=True, is_shared=False),
    VariableChange(SUSPENDED, "photo", "Items#multiInstanceBody", is_new=False, is_shared=False),
    VariableChange(make_task("t3"), "photo", "Sub", is_new=False, is_shared=False, earlier_type="String"),
]


def test_variables_are_shown_by_scope_without_keys():
    *lines, last = show(view.show_variables, CHANGES, TYPED, mask).splitlines()

    assert last == CUT_NOTE
    assert lines[0] == "Variables to set, each in the nearest scope around its task that has it:"
    assert [re.split(" {2,}", line) for line in lines[2:]] == [
        ["text", "String", "process instance (new)", "2", "*** " + "x" * 116 + "…"],
        ["photo", "File", "process instance", "1", "photo.png"],
        ["photo", "File", "multi-instance 'Items'", "1", "photo.png"],
        ["photo", "File instead of String", "'Sub'", "1", "photo.png"],
    ]
    assert show(view.show_variables, [], {}, mask) == ""


def test_variables_for_programs_have_their_scopes():
    text, photo = view.changes_as_json(CHANGES, TYPED, mask)["variables"]

    assert (text["name"], text["type"], text["value"]) == ("text", "String", "*** " + "x" * 300)
    assert text["tasks"] == [
        {"id": "t1", "instance": "i1", "scope": None, "isNew": True, "earlierType": None},
        {"id": "t2", "instance": "i1", "scope": None, "isNew": True, "earlierType": None},
    ]
    assert (photo["value"], photo["tasks"][1]["scope"]) == ("photo.png", "Items#multiInstanceBody")


def test_progress_is_a_bar_in_a_terminal_only():
    def advance(console):
        with view.show_progress(console, "Raising retries", 2) as step:
            step()
            step()

    assert show(advance) == ""
    assert "Raising retries" in show(advance, force_terminal=True)
