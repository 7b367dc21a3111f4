"""The text of a diagram, from its bytes as they were deployed."""

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.domain.diagram_encoding import EncodingError, decode_diagram, encode_like, is_intact
from support.bpmn_shapes import make_shape

BODY = "<a>{}</a>"


def diagram(encoding=None, text="prüfen", quote='"'):
    declared = f" encoding={quote}{encoding}{quote}" if encoding else ""
    return f'<?xml version="1.0"{declared}?>{BODY.format(text)}'


def decodes(content, text="prüfen"):
    return decode_diagram(content).endswith(BODY.format(text))


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        (None, "utf-8"),
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("latin1", "latin-1"),
        ("ISO-8859-15", "iso-8859-15"),
        ("windows-1252", "cp1252"),
        ("Cp1252", "cp1252"),
        ("IBM850", "cp850"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("ISO-10646-UCS-2", "utf-16-be"),
        (None, "utf-16"),
        (None, "utf-8-sig"),
        ("UTF-8", "utf-8-sig"),
        ("ISO-8859-1", "utf-8-sig"),
    ],
)
def test_encoding_is_that_of_mark_or_declaration(encoding, codec):
    text = "pruefen" if (encoding, codec) == ("ISO-8859-1", "utf-8-sig") else "prüfen"
    assert decodes(diagram(encoding, text).encode(codec), text)


@pytest.mark.parametrize(("encoding", "text"), [("Shift_JIS", "表能"), ("GBK", "表能"), ("KOI8-R", "жук")])
def test_encoding_of_any_script_is_read(encoding, text):
    assert decodes(diagram(encoding, text, quote="'").encode(encoding), text)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            diagram("UTF-8").encode("latin-1"),
            "has bytes that do not fit the encoding UTF-8, which its XML declaration names: ",
        ),
        (
            diagram().encode("latin-1"),
            "has bytes that do not fit the encoding UTF-8, which XML has where none is declared: ",
        ),
        (diagram("x-MacRoman").encode("mac-roman"), "declares the encoding x-MacRoman, which the worker does not know"),
        (diagram("rot13").encode(), "declares the encoding rot13, which"),
        (
            diagram("windows-1252", "Q").encode().replace(b"Q", b"\x81"),
            "has bytes that do not fit the encoding windows-1252",
        ),
        (diagram("ISO-8859-1").encode("utf-8-sig"), "has the byte order mark of UTF-8, but declares the encoding ISO"),
    ],
)
def test_encoding_that_is_contradicted_or_unknown_is_refused(content, reason):
    with pytest.raises(EncodingError, match=f"^{reason}"):
        decode_diagram(content)


def test_declaration_in_a_comment_declares_nothing():
    assert decodes(f'<!-- <?xml encoding="UTF-16"?> -->{BODY.format("prüfen")}'.encode())


@given(
    st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "shift_jis", "iso2022_jp"]),
    st.text("aü表~\\€"),
)
def test_intact_text_has_the_bytes_of_the_diagram(codec, text):
    declared = "utf-8" if codec == "utf-8-sig" else codec
    content = diagram(declared, text).encode(codec, "xmlcharrefreplace" if "16" not in codec else "strict")
    seen_by_engine = content.decode("utf-8", "replace")
    if is_intact(seen_by_engine):
        assert seen_by_engine.encode() == content
        assert decode_diagram(content) == content.removeprefix(codecs.BOM_UTF8).decode(declared)
    else:
        assert codec not in {"utf-8", "utf-8-sig"}


@given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda tail: b'<?xml version="1.0" encoding="' + tail))
def test_any_bytes_have_a_text_or_a_reason(content):
    with suppress(EncodingError):
        assert isinstance(decode_diagram(content), str)


@pytest.mark.parametrize("seed", range(60))
def test_diagram_is_encoded_as_it_was(seed):
    content = make_shape(seed).content

    assert encode_like(decode_diagram(content), content) == content
