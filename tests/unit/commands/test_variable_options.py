"""Process variables of `--var`."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.commands.variable_options import VariableOptionError, parse_variables
from catalyst_groq.domain.variables import Encoder


def parse_one(option):
    [(name, typed)] = parse_variables([option], Encoder()).items()
    return name, typed["type"], typed["value"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("amount=125", ("amount", "Integer", 125)),
        ("amount=3000000000", ("amount", "Long", 3000000000)),
        ("share=0.5", ("share", "Double", 0.5)),
        ("paid=true", ("paid", "Boolean", True)),
        ("nothing=null", ("nothing", "Null", None)),
        ("list=[1, 2]", ("list", "Json", "[1,2]")),
        ("zip=01234", ("zip", "String", "01234")),
        ('zip="1234"', ("zip", "String", "1234")),
        ("text=a=b", ("text", "String", "a=b")),
        ("text=", ("text", "String", "")),
        ("text=NaN", ("text", "String", "NaN")),
        ("text=1e999", ("text", "String", "1e999")),
        ("text:String=125", ("text", "String", "125")),
        ("text:String=@home", ("text", "String", "@home")),
        ("count:Long=5", ("count", "Long", 5)),
        ("due:Date=2026-01-02T03:04:05+00:00", ("due", "Date", "2026-01-02T03:04:05.000+0000")),
        ('order:Json="text"', ("order", "Json", '"text"')),
    ],
)
def test_variable_has_the_type_of_its_value(option, expected):
    assert parse_one(option) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["amount"], "--var 'amount': there is no name=value. Write --var amount=125"),
        (["=5"], "--var '=5': there is no name=value. Write --var amount=125"),
        (["a=1", "a=2"], "--var a: is given twice. Give it once"),
        (["a:Integr=1"], "--var a:Integr: unknown type. Write one of String, Integer,"),
        (["a:Integer=many"], '--var a: the value "many" is not of type Integer. Correct it, or leave out the type'),
        (["a:Json={"], "--var a: is not JSON"),
        (["a=@missing.png"], "--var a: missing.png cannot be read: No such file or directory. Name a file"),
    ],
)
def test_variable_that_is_not_understood_is_refused(options, message):
    with pytest.raises(VariableOptionError) as caught:
        parse_variables(options, Encoder())
    assert str(caught.value).startswith(message)


def test_variable_of_a_file_is_a_file(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    typed = parse_variables([f"photo=@{tmp_path}/photo.png"], Encoder())["photo"]

    assert typed["type"] == "File"
    assert base64.b64decode(typed["value"]) == b"\x89PNG"
    assert typed["valueInfo"] == {"filename": "photo.png", "mimeType": "image/png"}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_variable_of_any_text_can_be_written_as_json(text):
    assert parse_one(f"name={json.dumps(text)}") == ("name", "String", text)
