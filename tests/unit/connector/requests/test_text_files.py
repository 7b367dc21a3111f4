"""Texts of Files in any encoding: decoded, or refused."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.requests import text_files
from catalyst_groq.connector.requests.text_files import decode_text
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError

TEXT = "Grüße – 5 €"
XML = '<?xml version="1.0" encoding="{0}"?><a>Grüße</a>'
HTML = '<!DOCTYPE html><html><head><meta charset="{0}"></head>Grüße</html>'
OLD_HTML = '<html><meta http-equiv="Content-Type" content="text/html; charset={0}">Grüße</html>'


def decode(content, mimetype="text/plain", encoding="UTF-8"):
    return decode_text(FileVariable("File", "note", mimetype, encoding, "note.txt"), content)


@pytest.mark.parametrize(
    ("encoded", "mimetype", "encoding"),
    [
        ("utf-8", "text/plain", "UTF-8"),
        ("utf-8", "text/plain; charset=utf-8", "UTF-8"),
        ("utf-8", "text/plain; charset=us-ascii", "UTF-8"),
        ("utf-8", "text/plain; charset=binary", "UTF-8"),
        ("utf-8-sig", "text/plain", "UTF-8"),
        ("utf-16", "text/plain", "UTF-8"),
        ("utf-32", "text/plain", "UTF-8"),
        ("utf-16-le", "text/plain; charset=UTF-16LE", "UTF-8"),
        ("utf-16-le", "text/plain", "utf-16"),
        ("utf-16-be", "text/plain; charset=utf-16", "UTF-8"),
        ("windows-1252", 'text/plain; charset="windows-1252"', "UTF-8"),
        ("windows-1252", "text/plain; format=flowed; CHARSET=Windows-1252", "UTF-8"),
        ("windows-1252", "text/plain", "windows-1252"),
        ("windows-1252", "text/plain", " Cp1252 "),
        ("windows-1252", "text/plain; charset=iso-8859-1", "UTF-8"),
        ("windows-1252", "text/plain", "ISO-8859-1"),
        ("utf-8", "text/plain; charset=iso-8859-1", "UTF-8"),
        ("utf-8-sig", "text/plain", "windows-1252"),
    ],
)
def test_text_file_is_decoded_as_declared(encoded, mimetype, encoding):
    assert decode(TEXT.encode(encoded), mimetype, encoding) == TEXT


@pytest.mark.parametrize("form", [XML, HTML, OLD_HTML])
@pytest.mark.parametrize("encoding", ["iso-8859-15", "windows-1252", "utf-8"])
def test_text_file_may_declare_its_own_encoding(form, encoding):
    text = form.format(encoding)
    assert decode(text.encode(encoding), "application/xml") == text


@pytest.mark.parametrize(
    ("text", "encoding"), [("日本語", "iso-2022-jp"), ("日本語", "shift_jis"), ("联通", "gbk"), ("Привет", "koi8-r")]
)
def test_text_file_of_other_scripts_is_decoded(text, encoding):
    assert decode(text.encode(encoding), f"text/plain; charset={encoding}") == text


@pytest.mark.parametrize("form", [XML, HTML, OLD_HTML])
@pytest.mark.parametrize("encoding", ["utf-16", "UTF-16LE", "utf-32", "cp037"])
def test_text_file_that_declares_a_wide_encoding_in_ascii_is_utf_8(form, encoding):
    text = form.format(encoding)
    assert decode(text.encode(), "application/xml") == text
    assert decode(text.replace("üß", "us").encode(), "application/xml") == text.replace("üß", "us")


@pytest.mark.parametrize("encoding", ["UTF-16", "u16", "utf-16-be", "UTF-32", "utf-32-le", "cp500"])
@pytest.mark.parametrize("text", ["hello world!", "Grüße", "日本語"])
def test_text_file_in_utf_8_disproves_a_wide_encoding(text, encoding):
    assert decode(text.encode(), encoding=encoding) == text
    assert decode(text.encode(), f"text/plain; charset={encoding}") == text


@pytest.mark.parametrize("encoding", ["shift_jis", "gb2312", "gbk", "big5", "euc-kr", "iso-2022-jp", "windows-1252"])
@pytest.mark.parametrize("text", ["Grüße", "日本語のテキスト", "中文"])
def test_text_file_in_utf_8_disproves_any_other_encoding(text, encoding):
    assert decode(text.encode(), encoding=encoding) == text


@pytest.mark.parametrize("text", ["Call Ada.", "Привет", "Καλημέρα", "日本語\n", "日本語 hello", "Grüße – 5 €"])
@pytest.mark.parametrize(
    ("encoded", "declared"),
    [
        ("utf-16-le", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32-le", "utf-32"),
        ("utf-32-be", "utf-32"),
    ],
)
def test_text_file_in_a_wide_encoding_needs_no_mark(text, encoded, declared):
    assert decode(text.encode(encoded), encoding=declared) == text


def test_text_file_in_utf_16_shows_its_byte_order():
    assert decode("日本語 hello".encode("utf-16-be"), encoding="utf-16") == "日本語 hello"


@pytest.mark.parametrize(
    ("content", "mimetype", "encoding", "named"),
    [
        (TEXT.encode("windows-1252"), "text/plain", "UTF-8", "UTF-8"),
        (TEXT.encode("windows-1252"), "text/plain; charset=utf-8", "UTF-8", "UTF-8"),
        ("Grüße".encode("utf-16-le"), "text/plain", "UTF-8", "UTF-8"),
        (b"abc\0def", "text/plain", "UTF-8", "UTF-8"),
        (b"\xff\xfea", "text/plain", "UTF-8", "utf_16"),
        ("Grüße!".encode("windows-1252"), "text/plain", "utf-16", "utf-16"),
        ("日本語".encode("utf-16-le"), "text/plain", "utf-16-le", "utf-16-le"),
        ("hello".encode("utf-16-le"), "text/plain", "utf-16-be", "utf-16-be"),
        (b"hello world\0", "text/plain", "utf-16", "utf-16"),
        (b"\x81\xfc", "text/plain", "iso-8859-1", "iso-8859-1"),
        (b"abc", "text/plain; charset=klingon", "UTF-8", "klingon"),
        (b"abc", "text/plain", "idna", "idna"),
        (b"abc", "text/plain", "base64", "base64"),
        (b"abc", "text/plain", "unicode_escape", "unicode_escape"),
    ],
)
def test_text_file_that_cannot_be_decoded_is_refused(content, mimetype, encoding, named):
    with pytest.raises(
        FieldError, match=f"the File 'note', whose content is not {named} text. Save it as UTF-8, or set"
    ):
        decode(content, mimetype, encoding)


def test_text_file_has_a_maximum_size(monkeypatch):
    monkeypatch.setattr(text_files, "MAX_TEXT_BYTES", 10)
    with pytest.raises(FieldError, match=r"the File 'note', a text of 11 bytes; the worker reads 10. Use a part of it"):
        decode(b"x" * 11)


@given(st.binary())
def test_text_file_never_gets_other_characters(content):
    try:
        text = decode(content)
    except FieldError:
        return
    assert content in (text.encode(), codecs.BOM_UTF8 + text.encode(), text.encode("utf-16"), text.encode("utf-32"))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_text_file_of_any_characters_is_read(text):
    assert decode(text.encode()) == text.removeprefix("\ufeff")
