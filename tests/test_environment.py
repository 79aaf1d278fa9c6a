"""What every process of Minnow has in its environment: telemetry switched off, this machine reached without a proxy."""

import os
import subprocess
import sys
from importlib.util import find_spec
from urllib.request import getproxies_environment, proxy_bypass_environment

import httpx
import pytest

from minnow import environment

PROXY = "http://127.0.0.1:9"


def test_no_library_reports_to_anyone_and_what_the_user_set_stays():
    made = {"DO_NOT_TRACK": "yes"}
    environment.prepare(made)
    assert made["DO_NOT_TRACK"] == "yes"
    assert made["ORT_DISABLE_TELEMETRY"] == "1"
    assert set(environment.SWITCHES) <= set(made)


def test_importing_minnow_sets_the_switches_for_this_process_and_its_children():
    assert set(environment.SWITCHES) <= set(os.environ)
    child = 'import os; print(os.environ["ORT_DISABLE_TELEMETRY"], os.environ["OPENBLAS_NUM_THREADS"])'
    code = f"import minnow, subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    clean = {k: v for k, v in os.environ.items() if k not in environment.SWITCHES | environment.LINEAR_ALGEBRA}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_calls_to_this_machine_go_without_the_proxy_and_the_users_exceptions_stay(name, monkeypatch):
    for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(lower, raising=False)
        monkeypatch.delenv(lower.upper(), raising=False)
    monkeypatch.setenv(name, PROXY)
    monkeypatch.setenv("NO_PROXY", "intranet.example, 10.0.0.0/8")
    environment.prepare(os.environ)
    for spelling in ("NO_PROXY", "no_proxy"):
        assert os.environ[spelling] == "intranet.example,10.0.0.0/8,localhost,127.0.0.1,::1"
    assert all(proxy_bypass_environment(host, getproxies_environment()) for host in ("localhost", "127.0.0.1"))
    assert not proxy_bypass_environment("elsewhere.example", getproxies_environment())


def test_without_a_proxy_nothing_is_added_and_no_proxy_at_all_stays_so():
    made: dict[str, str] = {}
    environment.prepare(made)
    assert "NO_PROXY" not in made
    made = {"http_proxy": PROXY, "no_proxy": "*"}
    environment.prepare(made)
    assert made["no_proxy"] == made["NO_PROXY"] == "*"


@pytest.mark.skipif(find_spec("socksio") is not None, reason="httpx can use SOCKS here")
def test_a_socks_proxy_that_no_package_can_use_is_dropped_with_a_word(monkeypatch, caplog):
    for name in ("ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "socks5h://127.0.0.1:9")
    with pytest.raises(ImportError):
        httpx.Client()
    environment.prepare(os.environ)
    httpx.Client().close()
    assert "all_proxy and ALL_PROXY: a SOCKS proxy needs the package socksio" in caplog.text
