"""The files of a deployment: what a diagram refers to, and what the engine would ignore."""

import pytest

from catalyst_groq.commands.deployment_files import DeploymentFilesError, collect_files
from support.diagrams import process_with


def write_diagram(folder, name="order.bpmn", inside="", **changes):
    xml = process_with(f'<bpmn:userTask id="Ask"/>{inside}')[1]
    for old, new in changes.values():
        xml = xml.replace(old, new)
    path = folder / name
    path.write_text(xml)
    return path


def user_task(attributes):
    return f'<bpmn:userTask id="Review" {attributes}/>'


def refuse(*paths):
    with pytest.raises(DeploymentFilesError) as caught:
        collect_files(paths)
    return str(caught.value)


@pytest.mark.parametrize(
    ("attributes", "file", "content"),
    [
        ('camunda:formRef="review"', "any.form", '{"id": "review"}'),
        ('camunda:formRef="review" camunda:formRefBinding="deployment"', "any.form", '{"id": "review"}'),
        ('camunda:formKey="camunda-forms:deployment:review.form"', "review.form", "{}"),
        ('camunda:formKey="embedded:deployment:review.html"', "review.html", "<form/>"),
        ('camunda:resource="deployment://review.groovy"', "review.groovy", "1"),
    ],
)
def test_deployment_takes_what_the_diagram_refers_to(tmp_path, attributes, file, content):
    (tmp_path / file).write_text(content)
    (tmp_path / "other.form").write_text('{"id": "other"}')
    (tmp_path / "broken.form").write_text("{")
    collected = collect_files([write_diagram(tmp_path, inside=user_task(attributes))])

    assert list(collected.contents) == ["order.bpmn", file]
    assert collected.contents[file].decode() == content
    assert collected.notes == []


@pytest.mark.parametrize(
    ("attributes", "meant"),
    [
        ('camunda:formKey="camunda-forms:deployment:review.form"', "review.form"),
        ('camunda:formRef="review" camunda:formRefBinding="deployment"', "a form with the id 'review'"),
    ],
)
def test_deployment_without_a_file_it_needs_is_refused(tmp_path, attributes, meant):
    path = write_diagram(tmp_path, inside=user_task(attributes))

    problem = f"{path}: 'Review' refers to {meant}, which is not beside the diagram"
    assert refuse(path) == f"{problem}. Put it there, or name it, too."


def test_deployment_notes_a_form_that_must_be_in_the_engine(tmp_path):
    path = write_diagram(tmp_path, inside=user_task('camunda:formRef="review"'))

    [note] = collect_files([path]).notes
    assert note.endswith("which is not beside the diagram: the engine uses the one that is deployed already.")


def test_deployment_takes_a_form_of_another_folder_that_is_named(tmp_path):
    (tmp_path / "forms").mkdir()
    form = tmp_path / "forms" / "review.form"
    form.write_text('{"id": "review"}')
    path = write_diagram(tmp_path, inside=user_task('camunda:formRef="review"'))

    assert set(collect_files([path, form]).contents) == {"order.bpmn", "review.form"}


def test_deployment_of_a_folder_takes_diagrams_and_decisions(tmp_path):
    write_diagram(tmp_path)
    for name in ("rates.dmn", "notes.txt", "unused.form"):
        (tmp_path / name).write_text("{}")

    assert list(collect_files([tmp_path]).contents) == ["order.bpmn", "rates.dmn"]


def test_deployment_of_two_files_with_one_name_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [write_diagram(tmp_path), write_diagram(tmp_path / "other")]

    assert refuse(*paths) == f"{paths[1]}: another file is called order.bpmn, too. Rename one of them."


def test_deployment_that_the_engine_would_ignore_is_refused(tmp_path):
    hidden = write_diagram(tmp_path, "order.xml")
    passive = write_diagram(tmp_path, "passive.bpmn", executable=('isExecutable="true"', 'isExecutable="false"'))

    assert "the engine reads diagrams from .bpmn or .bpmn20.xml files only. Rename it." in refuse(hidden)
    assert "no process is executable, so the engine would ignore it." in refuse(passive)


def test_deployment_of_a_process_without_the_attribute_is_executable(tmp_path):
    collected = collect_files([write_diagram(tmp_path, executable=(' isExecutable="true"', ""))])

    assert len(collected.processes) == 1


def test_deployment_of_a_broken_diagram_names_it(tmp_path):
    path = tmp_path / "order.bpmn"
    path.write_text("<bpmn")

    assert refuse(path).startswith(f"{path}: is not well-formed XML: ")


def test_deployment_of_a_diagram_in_another_encoding_says_so(tmp_path):
    path = write_diagram(tmp_path)
    path.write_bytes(
        path.read_text("utf-8").replace("<bpmn:process ", '<bpmn:process name="prüfen" ').encode("latin-1")
    )
    message = refuse(path)

    assert message.startswith(
        f"{path}: has bytes that do not fit the encoding UTF-8, which its XML declaration names: "
    )
    assert message.endswith(". Save it in UTF-8, or declare the encoding that it has.")
