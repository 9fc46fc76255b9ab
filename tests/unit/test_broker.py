# SPDX-License-Identifier: Apache-2.0
"""The private broker: on the loopback interface, gone with its parent, and clear about what is missing."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from motet.bus import broker


def port_of(running):
    return int(running.url.rpartition(":")[2])


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
def test_it_listens_on_the_loopback_interface_only_and_leaves_nothing(kind):
    running = broker.start(kind)
    folder = running.log_path.parent
    try:
        assert running.kind == kind and running.running and listens(port_of(running))
        here = {c.laddr.ip for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port_of(running)}
        assert here == {"127.0.0.1"}
    finally:
        running.stop()
    assert not running.running and not listens(port_of(running)) and not folder.exists()
    running.stop()


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
def test_it_ends_when_its_parent_is_killed(kind, tmp_path):
    script = f"from motet.bus import broker; import time; print(broker.start({kind!r}).url, flush=True); time.sleep(600)"
    # Its folder stays behind: a killed process cleans nothing up.
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environ)
    port = int(parent.stdout.readline().rpartition(":")[2])
    assert listens(port)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait(lambda: not listens(port), "the end of the broker")


def test_a_killed_one_can_be_started_again_at_its_port():
    first = broker.start()
    first.kill()
    assert not first.running
    first.stop()
    with broker.start(port=port_of(first)) as second:
        assert second.url == first.url


def test_a_port_in_use_is_told_with_the_broker_s_own_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(broker.BrokerError, match=r"(?i)in use"):
            broker.start("mosquitto", port)


def test_two_of_them_do_not_meet():
    with broker.start() as one, broker.start() as other:
        assert one.url != other.url


@pytest.mark.parametrize(
    ("kind", "advice"), [("mosquitto", "apt-get install mosquitto"), ("amqtt", "motet[broker]"), ("auto", " or: pip install")]
)
def test_a_missing_broker_is_told_with_the_command_that_installs_it(monkeypatch, kind, advice):
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    monkeypatch.setattr(broker, "find_spec", lambda _name: None)
    with pytest.raises(broker.BrokerError) as caught:
        broker.start(kind)
    assert advice in str(caught.value)


def test_amqtt_takes_the_place_of_a_missing_mosquitto(monkeypatch):
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    with broker.start() as running:
        assert running.kind == "amqtt"


def test_mosquitto_is_found_outside_of_a_user_s_path(monkeypatch, tmp_path):
    if not Path("/usr/sbin/mosquitto").exists():
        pytest.skip("mosquitto is not at /usr/sbin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broker.find_mosquitto() == "/usr/sbin/mosquitto"


def test_no_process_is_left_after_a_failed_start(monkeypatch):
    before = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    monkeypatch.setattr(broker, "_CONFIG", "nonsense {port}\n")
    with pytest.raises(broker.BrokerError, match="ended at once"):
        broker.start("mosquitto")
    assert {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)} <= before
