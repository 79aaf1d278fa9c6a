"""Nothing that Minnow starts opens a socket beyond this machine: not a library, not a child process, not native code."""

import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from project import Project

pytestmark = pytest.mark.slow
GUARD = '''
"""Writes down every look for an address and every connection beyond this machine, and refuses it."""
import os, socket
def beyond(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host not in (None, "", "localhost", "0.0.0.0", "::", "::1") and not str(host).startswith("127.")
def guarded(name, call, place):
    def checked(*args, **named):
        address = args[place]
        host = address[0] if isinstance(address, tuple) else None if place else address
        if beyond(host):
            with open(os.environ["MINNOW_TEST_SOCKETS"], "a") as file:
                file.write(f"{name} {address}\\n")
            raise OSError(f"{name} {address} is not allowed here")
        return call(*args, **named)
    return checked
plain = socket.getaddrinfo
class Guarded(socket.socket):
    connect = guarded("connect", socket.socket.connect, 1)
    connect_ex = guarded("connect", socket.socket.connect_ex, 1)
socket.socket = Guarded
socket.getaddrinfo = guarded("getaddrinfo", plain, 0)
'''
ADDRESS = re.compile(r'sin6?_addr=inet_(?:addr\("|pton\(AF_INET6, ")([^"]+)"')
STRACE = shutil.which("strace") if os.environ.get("MINNOW_FAULTS") == "full" else None
"""Sees native code too, and makes everything three times as slow."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project.make(tmp_path_factory.mktemp("sockets"))
    made.settings(families=("linear", "fcnn"))
    (made.folder / "guard").mkdir()
    (made.folder / "guard" / "sitecustomize.py").write_text(GUARD)
    return made


def watched(project, *command, **more):
    """Start a command with every connection that it or a child makes being written down."""
    log, trace = project.folder / "sockets.txt", project.folder / "strace.txt"
    for path in (log, trace):
        path.unlink(missing_ok=True)
    before = [STRACE, "--seccomp-bpf", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(trace)] if STRACE else []
    silent = {"DO_NOT_TRACK", "ORT_DISABLE_TELEMETRY", "DVC_NO_ANALYTICS", "PREFECT_API_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in silent}
    path = os.pathsep.join(str(project.folder / name) for name in ("guard", "src", ""))
    environment |= {"PYTHONPATH": path, "MINNOW_TEST_SOCKETS": str(log), "HOME": str(project.folder)}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.Popen(
        [*before, *command], cwd=project.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, **more,
    )  # fmt: skip


def opened_beyond(project):
    """List the connections beyond this machine: those that Python made, and those that the system saw."""
    log, trace = project.folder / "sockets.txt", project.folder / "strace.txt"
    seen = log.read_text().splitlines() if log.exists() else []
    for line in trace.read_text().splitlines() if trace.exists() else []:
        found = ADDRESS.search(line)
        address = ipaddress.ip_address(found[1]) if found else None
        if address and not address.is_loopback and not address.is_unspecified:
            seen.append(line)
    return seen


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("run",), id="run"),
        pytest.param(("tune", "small", "linear", "--trials", "1"), id="tune", marks=pytest.mark.full),
        pytest.param(("verify", "small", "--quick"), id="verify", marks=pytest.mark.full),
    ],
)
def test_a_command_stays_on_this_machine(project, command):
    process = watched(project, sys.executable, "-m", "minnow.cli", *command)
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == 0, printed
    assert opened_beyond(project) == []


def test_the_service_stays_on_this_machine(project):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = "minnow.serving.service:Minnow"
    process = watched(
        project, sys.executable, "-m", "bentoml", "serve", service, "--port", str(port), start_new_session=True
    )
    try:
        body = b'{"inputs": [{"x": 1, "y": 2}]}'
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/small/classify", body, {"content-type": "application/json"}
        )
        end = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        printed, _ = process.communicate(timeout=60)
    assert opened_beyond(project) == [], printed


def test_the_watch_sees_a_connection_when_there_is_one(project):
    code = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    watched(project, sys.executable, "-c", code).communicate(timeout=60)
    assert opened_beyond(project)
    if STRACE:
        code = f"import sys; sys.modules.pop('sitecustomize'); import _socket; _socket{code.partition('; socket')[2]}"
        watched(project, sys.executable, "-c", code.replace("socket.SOCK", "_socket.SOCK")).communicate(timeout=60)
        assert opened_beyond(project)
