"""Who this worker is to the engine."""

import socket

from worker.identity import Identity


def test_the_first_worker_of_a_host_has_its_name_and_the_next_ones_a_number(tmp_path):
    first, second, third = (Identity(tmp_path / "claims", "host") for _ in range(3))
    assert first.worker_id == "catalyst-groq@host"
    assert second.worker_id == "catalyst-groq@host-2"
    assert third.worker_id == "catalyst-groq@host-3"


def test_a_worker_that_ended_leaves_its_name_to_the_next(tmp_path):
    first = Identity(tmp_path, "host")
    second = Identity(tmp_path, "host")
    first._claim.release()
    assert Identity(tmp_path, "host").worker_id == "catalyst-groq@host"
    assert second.worker_id == "catalyst-groq@host-2"


def test_hosts_do_not_share_names(tmp_path):
    Identity(tmp_path, "a")
    assert Identity(tmp_path, "b").worker_id == "catalyst-groq@b"


def test_where_no_file_can_be_written_the_hosts_name_alone_counts(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert Identity(tmp_path / "file").worker_id == f"catalyst-groq@{socket.gethostname()}"
