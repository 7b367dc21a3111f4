"""Waiting for changes of files."""

import os
from unittest.mock import patch

from catalyst_groq.commands.preview.watching import watch


def test_watch_yields_at_once_and_after_each_change(tmp_path):
    file, moments = tmp_path / "a.bpmn", []
    file.write_text("1")

    def change(_seconds):
        """In the place of a pause: an editor replaces the file, which is missing for a moment."""
        moments.append(file.exists())
        if len(moments) == 2:
            file.unlink()
        elif len(moments) == 4:
            file.write_text("22")
        assert len(moments) < 10, "the change was not noticed"

    changes = watch([file])
    with patch("catalyst_groq.commands.preview.watching.time.sleep", change):
        next(changes)
        assert moments == []
        next(changes)

    assert moments == [True, True, False, False]


def test_watch_notices_same_size(tmp_path):
    file = tmp_path / "a.bpmn"
    file.write_text("1")
    changes = watch([file])
    next(changes)
    os.utime(file, ns=(1, 1))
    with patch("catalyst_groq.commands.preview.watching.time.sleep", lambda _: None):
        next(changes)
