"""One request never stalls the others: a real server is sent files that hold more than they show, and others are answered."""

from __future__ import annotations

import base64
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image
from published import record
from recordings import chunk, header, riff, tone, wav

from minnow.stores import models

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
GOOD = {"inputs": [[[0] * 8] * 8]}
STALL_S = 0.1
"""Longest that another request may wait, on a machine where other tests run too."""


@pytest.fixture(scope="module")
def url(bundles, tmp_path_factory):
    store = tmp_path_factory.mktemp("home")
    for usecase in ("digits", "photos", "sounds"):
        models.publish(usecase, bundles(usecase).parent, record(), 1, store=store)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = store / "serve.log"
    settings = {"BENTOML_HOME": str(store), "MINNOW_POLL_S": "0"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [BENTOML, "serve", "--port", str(port)], cwd=ROOT, env=os.environ | settings, stdout=out, stderr=out
        )
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 60
            while True:
                try:
                    if httpx.get(f"{url}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def bomb(side: int) -> bytes:
    """A black PNG of side x side pixels, of which a megabyte takes a kilobyte."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()

    def part(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    size = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", packed) + part(b"IEND", b"")


def saved(picture: Image.Image, form: str, **more) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **more)
    return file.getvalue()


def silence(seconds: int, form: str = "FLAC") -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8000, 1, format=form) as out:
        for _ in range(seconds // 60):
            out.write(np.zeros(60 * 8000, np.float32))
    return file.getvalue()


def at(rate: int) -> bytes:
    return riff(header(1, 1, rate), chunk(b"data", bytes(2000)))


def base(*files: bytes) -> dict[str, list[str]]:
    return {"inputs": [base64.b64encode(file).decode() for file in files]}


def flat(form: str, **more) -> bytes:
    return saved(Image.new("L", (4500, 4000)), form, **more)


def animation() -> bytes:
    frames = [Image.new("L", (500, 500), i) for i in range(200)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


REFUSED = {
    "a PNG of 20,000 x 20,000": ("photos", lambda: bomb(20_000), "image/png", "16,000,000 pixels"),
    "a PNG of 4,100 x 4,100": ("photos", lambda: bomb(4_100), "image/png", "16,000,000 pixels"),
    "a GIF": ("photos", lambda: flat("GIF"), "image/gif", "16,000,000 pixels"),
    "a TIFF": ("photos", lambda: flat("TIFF", compression="tiff_lzw"), "image/tiff", "16,000,000 pixels"),
    "a WebP": ("photos", lambda: flat("WEBP"), "image/webp", "16,000,000 pixels"),
    "a JPEG": ("photos", lambda: flat("JPEG"), "image/jpeg", "16,000,000 pixels"),
    "a JPEG cut short": ("photos", lambda: flat("JPEG")[:2000], "image/jpeg", "16,000,000 pixels"),
    "a large picture that is not resized": ("digits", lambda: bomb(3_000), "image/png", "8 rows of 8 pixels"),
    "ten pictures together": ("photos", lambda: base(*[bomb(1_500)] * 10), None, "16,000,000 pixels"),
    "a WAV of 1 Hz": ("sounds", lambda: at(1), "audio/wav", "32 to 2,048,000 Hz"),
    "a WAV of 2 GHz": ("sounds", lambda: at(2_000_000_000), "audio/wav", "32 to 2,048,000 Hz"),
    "a WAV of 4 GHz": ("sounds", lambda: at(4_000_000_000), "audio/wav", "sound"),
    "sixteen WAVs of 1 Hz": ("sounds", lambda: base(*[at(1)] * 16), None, "32 to 2,048,000 Hz"),
    "a FLAC of two hours": ("sounds", lambda: silence(7200), "audio/flac", "over 600"),
    "an OGG of two hours": ("sounds", lambda: silence(7200, "OGG"), "audio/ogg", "over 600"),
    "a packed body": ("digits", lambda: b"x" * 100, "gzip", "content-encoding"),
}
ANSWERED = {
    "sixteen sounds": ("sounds", lambda: base(*[wav((tone(900) * 2**15).astype("<i2").tobytes())] * 16), None),
    "a FLAC of nine minutes": ("sounds", lambda: silence(540), "audio/flac"),
    "a WAV at the highest rate": (
        "sounds",
        lambda: riff(header(1, 2, 2_000_000), chunk(b"data", bytes(60_000))),
        "audio/wav",
    ),
    "a PNG of 4,000 x 4,000": ("photos", lambda: bomb(4_000), "image/png"),
    "an animation": ("photos", animation, "image/gif"),
}


def send(client, usecase, body, media):
    if media is None:
        return client.post(f"/{usecase}/classify", json=body)
    kind = {"content-encoding": "gzip", "content-type": "image/png"} if media == "gzip" else {"content-type": media}
    return client.post(f"/{usecase}/classify", content=body, headers=kind)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_its_header_with_the_limit(url, name):
    usecase, make, media, limit = REFUSED[name]
    body = make()
    with httpx.Client(base_url=url, timeout=30) as client:
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            answer = send(client, usecase, body, media)
            taken.append(time.perf_counter() - start)
    assert 400 <= answer.status_code < 500, answer.text
    assert limit in answer.json()["error"]
    assert min(taken) < 0.01, "the way there and back included"


@pytest.mark.parametrize("name", ANSWERED)
def test_it_is_answered(url, name):
    usecase, make, media = ANSWERED[name]
    with httpx.Client(base_url=url, timeout=30) as client:
        answer = send(client, usecase, make(), media)
    assert answer.status_code == 200, answer.text


def test_others_are_answered_meanwhile(url):
    sent = [(usecase, make(), media) for usecase, make, media, *_ in [*REFUSED.values(), *ANSWERED.values()]]
    over = threading.Event()

    def trouble():
        with httpx.Client(base_url=url, timeout=60) as client:
            for _ in range(4):
                for one in sent:
                    send(client, *one)
        over.set()

    taken = []
    with httpx.Client(base_url=url, timeout=30) as client:
        client.post("/digits/classify", json=GOOD)
        threading.Thread(target=trouble, daemon=True).start()
        while not over.is_set():
            start = time.perf_counter()
            assert client.post("/digits/classify", json=GOOD).status_code == 200
            taken.append(time.perf_counter() - start)
            time.sleep(0.002)
    print(
        f"{len(taken)} answers, p50 {np.quantile(taken, 0.5):.4f}, p99 {np.quantile(taken, 0.99):.4f}, max {max(taken):.4f}"
    )
    assert len(taken) > 50
    assert np.quantile(taken, 0.99) < STALL_S
