"""Variables of every process of Minnow: no telemetry, no proxy for calls to this machine, one thread of linear algebra.

They are set when `minnow` is imported, before any library reads them, and are inherited by what Minnow starts.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import MutableMapping
from importlib.util import find_spec

SWITCHES = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",  # Prefect's client, MLflow, Hugging Face
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",  # libraries under DVC
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""What switches off the calls home of each library, and TensorFlow's notes on standard error. What is set already stays."""
LINEAR_ALGEBRA = {"MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Its threads spin while they wait for each other, so that a logistic regression took 15 times as long on a busy machine; and
the last bits of results depend on their number."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NO_PROXY = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_READER = "socksio"
"""The package by which httpx, and so Prefect, uses a SOCKS proxy."""
GARBAGE = (50_000, 20, 50)
"""Thresholds of the garbage collector in processes that import large libraries, which it would traverse again and again: a
tenth of their imports."""


def prepare(environment: MutableMapping[str, str]) -> None:
    """Set the switches and one thread of linear algebra, and keep calls to this machine away from proxies."""
    for name, value in (SWITCHES | LINEAR_ALGEBRA).items():
        environment.setdefault(name, value)
    _exempt_loopback(environment)
    _drop_unusable_socks(environment)


def collect_rarely() -> None:
    """Look for garbage less often, in the process of a command or of a worker."""
    gc.set_threshold(*GARBAGE)


def _exempt_loopback(environment: MutableMapping[str, str]) -> None:
    """Add this machine's names to NO_PROXY, in both spellings, since libraries differ in which one they read."""
    if not any(_value(environment, name) for name in _PROXIES):
        return
    given = [host.strip() for name in _NO_PROXY for host in environment.get(name, "").split(",")]
    hosts = "*" if "*" in given else ",".join(dict.fromkeys([*filter(None, given), *LOOPBACK]))
    for name in _NO_PROXY:
        environment[name] = hosts


def _drop_unusable_socks(environment: MutableMapping[str, str]) -> None:
    """Remove SOCKS proxies where httpx cannot use them: it would refuse every call, those to this machine included."""
    named = [
        name
        for lower in _PROXIES
        for name in (lower, lower.upper())
        if environment.get(name, "").lower().startswith("socks")
    ]
    if not named or find_spec(_READER):
        return
    for name in named:
        del environment[name]
    logging.getLogger("minnow").warning(
        "%s: a SOCKS proxy needs the package %s, which is not installed. Calls go without a proxy.",
        " and ".join(named),
        _READER,
    )


def _value(environment: MutableMapping[str, str], lower: str) -> str:
    return environment.get(lower) or environment.get(lower.upper()) or ""
