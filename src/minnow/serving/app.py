"""The web application: predictions of use cases as JSON, and pages about what is served."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from minnow.contracts import FileLimits
from minnow.registry import unknown
from minnow.serving import pages
from minnow.serving.pool import LoadedModel, ModelPool
from minnow.serving.predictor import InputError
from minnow.serving.request import JSON, Question, Refusal, body_of, media_type, read

logger = logging.getLogger("minnow.serving")
Handler = Callable[[Request], Awaitable[Response]]
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True)
class Limits:
    """Limits of one request, and the size up to which it is answered in the event loop.

    A small request takes microseconds, less than a change of thread; a large one would block the others, and so would a file,
    whatever its size. files: what headers of files may state.
    """

    body_bytes: int = 8 * 1024 * 1024
    inputs: int = 1000
    inline_bytes: int = 64 * 1024
    inline_inputs: int = 16
    files: FileLimits = field(default_factory=FileLimits)


class Json(Response):
    """A response with a JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode with orjson, NumPy numbers included."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def create_app(pool: ModelPool, limits: Limits | None = None, poll_s: float | None = None) -> Starlette:
    """Build the application that serves a pool's models.

    poll_s: seconds between two refreshes of the pool; None or 0 for a pool that is loaded once.
    """
    limits = limits or Limits()
    routes = [  # predictions first: most requests are predictions
        Route("/{usecase}/{task}", _refusals(functools.partial(_answer, pool, limits)), methods=EVERY_METHOD),
        _page("/", lambda request: HTMLResponse(pages.index(pool, str(request.base_url)))),
        _page("/docs", lambda request: HTMLResponse(pages.docs(pool))),
        _page("/openapi.json", lambda request: Json(pages.openapi(pool, limits.body_bytes, limits.inputs))),
        _page("/models", lambda request: Json(pages.models(pool))),
        Route("/{path:path}", _refusals(functools.partial(_nowhere, pool)), methods=EVERY_METHOD),
    ]
    return Starlette(routes=routes, lifespan=functools.partial(_life, pool, poll_s))


@contextlib.asynccontextmanager
async def _life(pool: ModelPool, poll_s: float | None, app: Starlette) -> AsyncIterator[None]:
    await run_in_threadpool(pool.refresh)
    gc.collect()
    gc.freeze()  # loaded models stay; a full collection would traverse them in the middle of a request
    poll = asyncio.create_task(_poll(pool, poll_s)) if poll_s else None
    yield
    if poll:
        poll.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await poll


async def _poll(pool: ModelPool, poll_s: float) -> None:
    while True:
        await asyncio.sleep(poll_s)
        try:
            await run_in_threadpool(pool.refresh)
        except Exception:  # one failure must not end all later refreshes
            logger.exception("Looking for newer models failed. The loaded models keep serving.")


async def _answer(pool: ModelPool, limits: Limits, request: Request) -> Response:
    model = _model(pool, request.path_params["usecase"])
    _check_task(model, request.path_params["usecase"], request.path_params["task"])
    if request.method != "POST":
        raise Refusal(405, f"Inputs are sent with POST. Received: {request.method}. The page / has an example.")
    media = media_type(request, model.predictor)
    body = await body_of(request, limits.body_bytes)
    if media == JSON and len(body) > limits.inline_bytes:
        async with model.lock:
            return await run_in_threadpool(lambda: _checked_reply(model, read(body, media, limits.inputs), limits))
    question = read(body, media, limits.inputs)
    if model.predictor.holds_files(question.inputs):
        await run_in_threadpool(_check_files, model, question, limits)  # not behind the lock: a refusal need not wait
    elif len(question.inputs) <= limits.inline_inputs:
        return _reply(model, question)
    async with model.lock:
        return await run_in_threadpool(_reply, model, question)


def _checked_reply(model: LoadedModel, question: Question, limits: Limits) -> Response:
    _check_files(model, question, limits)
    return _reply(model, question)


def _check_files(model: LoadedModel, question: Question, limits: Limits) -> None:
    try:
        if model.predictor.holds_files(question.inputs):
            model.predictor.check_files(question.inputs, limits.files)
    except InputError as error:
        raise Refusal(422, str(error)) from error


def _reply(model: LoadedModel, question: Question) -> Response:
    predictor = model.predictor
    try:
        return Json({"answers": predictor.answer(question.inputs, question.k), **predictor.about})
    except InputError as error:
        raise Refusal(422, str(error)) from error


def _model(pool: ModelPool, usecase: str) -> LoadedModel:
    models = pool.models
    if usecase in models:
        return models[usecase]
    if usecase in pool.retired:
        raise Refusal(410, f"Use case '{usecase}' is retired: its model was taken away, and none is served.")
    if usecase in pool.refused:
        raise Refusal(503, pool.refused[usecase])
    raise Refusal(404, unknown("use case", usecase, models))


def _check_task(model: LoadedModel, usecase: str, task: str) -> None:
    if task != model.predictor.task_name:
        raise Refusal(404, f"Use case '{usecase}' answers at /{usecase}/{model.predictor.task_name}. Received: {task}.")


async def _nowhere(pool: ModelPool, request: Request) -> Response:
    path = request.url.path
    if path.rstrip("/") in ("", "/docs", "/openapi.json", "/models"):
        raise Refusal(405, f"{path} is read with GET. Received: {request.method}.")
    paths = ", ".join(f"/{name}/{model.predictor.task_name}" for name, model in sorted(pool.models.items()))
    raise Refusal(404, f"Nothing answers at {path}. Inputs go to: {paths or 'no use case yet'}. Pages: /, /docs.")


def _page(path: str, render: Callable[[Request], Response]) -> Route:
    async def handler(request: Request) -> Response:
        return render(request)

    return Route(path, handler, methods=["GET"])


def _refusals(handler: Handler) -> Handler:
    """Answer a refusal with its status and reason, and any other exception with 500 and an entry in the log."""

    async def guarded(request: Request) -> Response:
        headers: Mapping[str, str] | None = None
        try:
            return await handler(request)
        except Refusal as refusal:
            if refusal.status == 405:
                headers = {"Allow": "POST" if "usecase" in request.path_params else "GET"}
            return Json({"error": refusal.reason}, status_code=refusal.status, headers=headers)
        except Exception:
            logger.exception("Answering %s failed.", request.url.path)
            return Json({"error": "The server failed to answer; its log says why."}, status_code=500)

    return guarded
