"""Variables on the command line of `catalyst-groq render` and `deploy`."""

import pytest

from catalyst_groq.commands.variable_options import VariableOptionError, file_of, read_variables
from catalyst_groq.domain.variables import Encoder, decode

LONG = "x" * 5000


def read(*options):
    return read_variables(options, Encoder())


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("name=Ada", "name", "Ada"),
        ("name=", "name", ""),
        ("name=a=b@c:=d", "name", "a=b@c:=d"),
        ("name= spaces ", "name", " spaces "),
        ("mail=ada@example.com", "mail", "ada@example.com"),
        ("my-variable=1", "my-variable", "1"),
        ("number:=5", "number", 5),
        ("number:=1.5", "number", 1.5),
        ("flag:=true", "flag", True),
        ("nothing:=null", "nothing", None),
        ('order:={"total": [1, "a"]}', "order", {"total": [1, "a"]}),
        ('text:="5"', "text", "5"),
        (f"long={LONG}", "long", LONG),
    ],
)
def test_variable_has_its_value_as_in_a_task(option, name, value):
    typed = read(option).typed

    assert list(typed) == [name]
    assert decode(typed[name]) == value


@pytest.mark.parametrize(
    ("option", "kind", "value"),
    [
        ("due:Date=2026-01-02T03:04:05+00:00", "Date", "2026-01-02T03:04:05.000+0000"),
        ("count:Long=5", "Long", 5),
        ("count:Long:=5", "Long", 5),
        ("share:Double=1", "Double", 1.0),
        ("paid:Boolean=yes", "Boolean", True),
        ("list:Json:=[1]", "Json", "[1]"),
        ("code:String:=125", "String", "125"),
        ("data:Bytes=text", "Bytes", "dGV4dA=="),
    ],
)
def test_variable_may_have_a_type_that_is_named(option, kind, value):
    [typed] = read(option).typed.values()

    assert (typed["type"], typed["value"]) == (kind, value)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("count:Integr=1", r"--var count:Integr: unknown type\. Write one of String, Integer, "),
        ("count:Integer=many", r'--var count: the value "many" is not of type Integer\. Correct it, or leave out the'),
    ],
)
def test_variable_of_a_wrong_type_is_refused(option, message):
    with pytest.raises(VariableOptionError, match=message):
        read(option)


def test_variable_may_be_a_file(tmp_path):
    (tmp_path / "photo=1.png").write_bytes(b"content")
    given = read(f"photo@{tmp_path}/photo=1.png")
    decoded = decode(given.typed["photo"], "photo")

    assert given.files == {"photo": b"content"}
    assert (decoded.type, decoded.name, decoded.filename, decoded.mimetype) == (
        "File",
        "photo",
        "photo=1.png",
        "image/png",
    )


def test_variables_for_the_engine_have_the_contents_of_files(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"content")
    typed = read(f"photo@{tmp_path}/photo.png", "name=Ada").with_contents()

    assert (typed["photo"]["value"], typed["photo"]["valueInfo"]) == ("Y29udGVudA==", {"filename": "photo.png"})
    assert typed["name"] == {"type": "String", "value": "Ada"}


@pytest.mark.parametrize("option", ["name", "", "=text", ":=1", "@file", " =x"])
def test_variable_without_name_or_value_is_refused(option):
    with pytest.raises(
        VariableOptionError, match=r"has no name and value\. Write name=text, name:=json or name@file\.$"
    ):
        read(option)


@pytest.mark.parametrize("text", ["{", "NaN", "Infinity", "", "Ada", "1 2", "[" * 2000])
def test_variable_that_is_no_json_is_refused(text):
    with pytest.raises(VariableOptionError, match=r"--var name:= is not followed by JSON: "):
        read(f"name:={text}")


def test_variable_given_twice_is_refused():
    with pytest.raises(VariableOptionError, match=r"--var name is given twice\. Leave one of them out\."):
        read("name=1", "name:=2")


@pytest.mark.parametrize("path", ["missing.png", ".", "a\0b"])
def test_variable_of_unreadable_file_is_refused(path, tmp_path):
    with pytest.raises(VariableOptionError, match=r"--var photo: .+ cannot be read: .+\. Name a file that exists\."):
        read(f"photo@{tmp_path}/{path}")


def test_watched_file_is_that_of_a_file_variable():
    assert str(file_of("photo@a.png")) == "a.png"
    assert file_of("name=a@b") is None
