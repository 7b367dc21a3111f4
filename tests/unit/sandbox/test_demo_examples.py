"""The examples that the demo runs."""

from typing import get_args

import pytest

from catalyst_groq.cli.sandbox import ExampleName
from catalyst_groq.common.bundled_files import EXAMPLES, find_folder
from catalyst_groq.sandbox.demo_examples import list_examples


def test_demo_runs_every_example():
    diagrams = {path.stem for path in find_folder(EXAMPLES).glob("*.bpmn")}

    assert set(list_examples()) == set(get_args(ExampleName)) == diagrams


def test_examples_take_all_files_each_its_own():
    files = [path for example in list_examples().values() for path in example.files()]

    others = [find_folder(EXAMPLES) / "invoice.pdf"]  # a sample to upload
    assert sorted([*files, *others]) == sorted(path for path in find_folder(EXAMPLES).iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("name", "start", "entries"),
    [
        ("groq-example", set(), {"userMessage": "Why?"}),
        ("groq-tools-example", {"userMessage"}, {}),
        ("groq-classify-example", {"message"}, {}),
        ("groq-batch-example", {"documents"}, {}),
        ("groq-transcribe-example", {"recording"}, {}),
    ],
)
def test_examples_take_the_question_in_one_place(name, start, entries):
    example = list_examples()[name]
    question = "Why?" if example.question else ""

    assert set(example.start_variables(question)) == start
    assert example.entries_of("Configure", question) == entries
