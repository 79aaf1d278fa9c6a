"""The BentoML service: settings, the store, and the application mounted at /."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

import bentoml
from bentoml.models import BentoModel

from minnow.contracts import FileLimits
from minnow.serving.app import Limits, create_app
from minnow.serving.pool import ModelPool
from minnow.serving.ports import explain_taken_port
from minnow.stores import bento, models
from minnow.stores.models import Published


def setting(name: str, default: Any) -> Any:
    """Read a setting from the environment as the type of its default. Raises ValueError that names it."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        return type(default)(text)
    except ValueError as error:
        raise ValueError(f"{name} must be of type {type(default).__name__}. Received: {text!r}.") from error


logging.getLogger("minnow").setLevel(logging.INFO)  # BentoML's root handlers show it
bento.read_switches_again()
explain_taken_port()
DEVICE = setting("MINNOW_DEVICE", "cpu")
LIMITS = Limits(
    body_bytes=setting("MINNOW_BODY_BYTES", Limits.body_bytes),
    inputs=setting("MINNOW_INPUTS", Limits.inputs),
    files=FileLimits(
        pixels=setting("MINNOW_PIXELS", FileLimits.pixels), seconds=setting("MINNOW_SECONDS", FileLimits.seconds)
    ),
)


class ProjectModel(BentoModel):
    """A model of this project's store, wherever BentoML's own home is."""

    @property
    def published(self) -> Published:
        """The model's tag and folder in the project's store."""
        name, version = str(self.tag).split(":")
        return Published(str(self.tag), models.home() / "models" / name / version)

    def to_info(self, alias: str | None = None) -> Any:
        """Describe the model for a Bento that is being built, after copying it to BentoML's home, where the build finds it."""
        models.lend(self.published, bento.home())
        return super().to_info(alias)

    def resolve(self, *args: Any, **kwargs: Any) -> Any:
        """Return the model without reading it: nothing is to be fetched, and a broken one must not prevent the start."""
        return self.published


def source() -> list[Published]:
    """List the newest models of the mounted store, else the models built into this Bento, else those of the project's store."""
    if mounted := os.environ.get("MINNOW_STORE"):
        return models.all(DEVICE, Path(mounted))
    built = Minnow.bento
    return models.all(DEVICE) if built is None else _built_in(tuple(str(model.tag) for model in built.info.all_models))


def retired() -> list[str]:
    """List the use cases that were retired in the store that source() reads; the models of a Bento stay."""
    if mounted := os.environ.get("MINNOW_STORE"):
        return models.retired(DEVICE, Path(mounted))
    return models.retired(DEVICE) if Minnow.bento is None else []


@cache
def _built_in(tags: tuple[str, ...]) -> list[Published]:
    """List the models of a Bento. They cannot change, so the list is cached."""
    return [Published(tag, Path(bentoml.models.get(tag).path)) for tag in tags]


def _carry_models(service: type) -> type:
    """Declare the models of the project's store on the service, so that `bentoml build` packs them."""
    for model in models.all(DEVICE):
        setattr(service, f"model_{model.usecase}", ProjectModel(model.tag))
    return service


application = create_app(
    ModelPool(source, threads=setting("MINNOW_THREADS", 1), device=DEVICE, retired=retired),
    LIMITS,
    poll_s=setting("MINNOW_POLL_S", 2.0),
)


# BentoML's access log, metrics and tracing cost 155, 95 and 300 us of a request whose useful work is 70 us.
@bentoml.service(
    name="minnow",
    workers=setting("MINNOW_WORKERS", 1),
    http={"host": "127.0.0.1"},  # pyright: ignore[reportArgumentType]  its type is an address, its reader takes text
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(application, path="/")
@_carry_models
class Minnow:
    """Small models by use case: POST /{usecase}/{task}. The page / has an example of each."""
