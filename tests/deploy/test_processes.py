"""Programs beside the servers: what runs is told from what would be started now."""

from dataclasses import replace

import pytest

from deploy import cluster, machine, processes


def test_postgresql_waits_for_the_disk_unless_it_is_told_not_to(monkeypatch):
    monkeypatch.delenv("POSTGRES_PASSING", raising=False)
    assert not cluster.passing()
    monkeypatch.setenv("POSTGRES_PASSING", "1")
    assert cluster.passing()
    monkeypatch.setenv("POSTGRES_PASSING", "yes")
    with pytest.raises(machine.SetupError, match="POSTGRES_PASSING=yes: must be 0 or 1"):
        cluster.passing()


def test_a_program_started_with_another_port_is_not_the_one_that_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "RUN", tmp_path)
    monkeypatch.setattr(processes, "LOG", tmp_path)
    monkeypatch.setattr(machine, "PROJECT", tmp_path)  # where it runs
    monkeypatch.setattr(processes, "CODE", ())
    monkeypatch.setattr(machine, "service_user", lambda: None)
    processes.fingerprint.cache_clear()
    program = processes.Program("sleeper", ("sleep", "600"), {})
    assert not program.is_current()
    program.up()
    try:
        assert program.pid() and program.is_current()
        assert not replace(program, command=("sleep", "601")).is_current()
    finally:
        program.down()
        processes.fingerprint.cache_clear()
    assert program.pid() is None
