"""The Bento model store: the models that are published and served.

A use case's models are named `minnow-<usecase>:v<registry version>-<serial>`, for the gpu target `minnow-<usecase>.gpu:...`;
no use case has a dot in its name. The serial rises with every publication and the highest is served, so a rollback publishes
the older bundle under a new serial. BentoML writes the model; one rename makes it visible. Reading uses paths only: it needs no
import of bentoml and sees what another process has just published.

A use case is retired by the file `retired` beside its models, which holds the highest serial at that time: nothing up to that
serial is served, and a later publication is.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from minnow.records import provenance
from minnow.records.bundle import FOLDER, Bundle, BundleError, open_bundle
from minnow.records.files import RecordError, sha256
from minnow.records.provenance import Provenance, read_provenance
from minnow.stores import bento

PREFIX, GPU = "minnow-", ".gpu"
LATEST, RETIRED = "latest", "retired"
VERSION = re.compile(r"v(\d+)-(\d+)")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
NAME_LENGTH = 63  # BentoML's limit


@dataclass(frozen=True)
class Published:
    """One published model. tag: as BentoML names it; folder: holds bundle/, provenance.json, report.json, card.md."""

    tag: str
    folder: Path

    @property
    def usecase(self) -> str:
        """The use case that it answers for."""
        return self.tag.split(":")[0].removeprefix(PREFIX).removesuffix(GPU)

    @property
    def version(self) -> int:
        """Its version in the registry."""
        return _numbers(self.tag.split(":")[1])[0]

    @property
    def serial(self) -> int:
        """Number of the publication, counted from 1 for each use case and target."""
        return _numbers(self.tag.split(":")[1])[1]

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return self.folder / FOLDER

    @cached_property
    def provenance(self) -> Provenance:
        """What was recorded when it was published. Raises BundleError when it cannot be read."""
        try:
            return read_provenance(self.folder)
        except RecordError as error:
            raise BundleError(f"{self.tag} needs a readable {provenance.FILE}: {error} Publish it again.") from error

    @property
    def sha(self) -> str:
        """The sha256 that its bundle had when it was published."""
        return self.provenance.sha

    def open(self) -> Bundle:
        """Open the bundle. Raises BundleError when its bytes are not those that were published."""
        sha = sha256(self.bundle)
        if sha != self.sha:
            raise BundleError(
                f"{self.tag} must hold the bytes that were published, sha {self.sha[:12]}. Received: {sha[:12]}. "
                "Publish it again."
            )
        return open_bundle(self.bundle)


def home() -> Path:
    """BENTOML_HOME, or `.bentoml` in the working directory. Read again on every call."""
    return Path(os.environ.get("BENTOML_HOME") or Path.cwd() / ".bentoml").expanduser()


def name_of(usecase: str, target: str = "cpu") -> str:
    """Name a use case's models in the store. Raises ValueError when BentoML would refuse the name."""
    if target not in ("cpu", "gpu"):
        raise ValueError(f"A model is published for 'cpu' or 'gpu'. Received: target={target!r}.")
    name = f"{PREFIX}{usecase}{GPU if target == 'gpu' else ''}"
    if len(name) > NAME_LENGTH or not NAME.fullmatch(name) or "." in usecase or not usecase[-1:].isalnum():
        longest = NAME_LENGTH - len(PREFIX) - len(GPU)
        raise ValueError(
            f"A use case is published under a name of at most {longest} lower-case letters, digits, '-' and '_' that "
            f"ends in a letter or digit. Received: {usecase!r}. Rename it in params.yaml."
        )
    return name


def publish(
    usecase: str, folder: Path, record: Provenance, version: int, target: str = "cpu", store: Path | None = None
) -> str:
    """Publish a bundle as the newest model of a use case and return its tag.

    folder: holds bundle/, and its report and card. record: the bundle's provenance; sha, target, version and tag are set in
    the published copy. version: of the registry. The same bundle may be published again (a rollback). store: a Bento home,
    by default home().
    """
    sha = open_bundle(folder / FOLDER).sha
    store = store or home()
    with _alone(store):
        serial = max((model.serial for model in history(usecase, target, store)), default=0) + 1
        tag = f"{name_of(usecase, target)}:v{version}-{serial}"
        published = replace(record, usecase=usecase, sha=sha, target=target, version=version, tag=tag)
        with _staging(store) as staging:
            written = _write(tag, Path(folder), published, staging)
            Published(tag, written).open()
            _commit(tag, written, store)
    return tag


def newest(usecase: str, target: str = "cpu", store: Path | None = None) -> Published | None:
    """Return the model with the highest serial, or None when the use case has none or is retired."""
    models = history(usecase, target, store)
    return models[-1] if models and models[-1].serial > _retired_serial(usecase, target, store) else None


def retire(usecase: str, target: str = "cpu", store: Path | None = None) -> None:
    """Serve nothing of a use case any more. What was published stays in the store as its history."""
    store = store or home()
    with _alone(store):
        models = history(usecase, target, store)
        if not models:
            return
        with _staging(store) as staging:
            mark = staging / RETIRED
            mark.write_text(str(models[-1].serial))
            mark.replace(models[-1].folder.with_name(RETIRED))
        models[-1].folder.with_name(LATEST).unlink(missing_ok=True)


def retired(target: str = "cpu", store: Path | None = None) -> list[str]:
    """List the use cases that were retired and have no newer model, in alphabetical order."""
    return [usecase for usecase in _published(target, store) if newest(usecase, target, store) is None]


def _retired_serial(usecase: str, target: str, store: Path | None) -> int:
    """Highest serial that is not served any more, 0 where the use case was never retired."""
    mark = (store or home()) / "models" / name_of(usecase, target) / RETIRED
    try:
        return int(mark.read_text())
    except FileNotFoundError:
        return 0


def history(usecase: str, target: str = "cpu", store: Path | None = None) -> list[Published]:
    """List every publication of a use case, oldest first."""
    name = name_of(usecase, target)
    folder = (store or home()) / "models" / name
    versions = [path for path in _folders(folder) if VERSION.fullmatch(path.name)]
    return sorted((Published(f"{name}:{path.name}", path) for path in versions), key=lambda model: model.serial)


def usecases(target: str = "cpu", store: Path | None = None) -> list[str]:
    """List the use cases of which a model is served, in alphabetical order."""
    return [model.usecase for model in all(target, store)]


def _published(target: str, store: Path | None) -> list[str]:
    """List the use cases of which a model was ever published, in alphabetical order."""
    names = []
    for path in _folders((store or home()) / "models"):
        if path.name.startswith(PREFIX) and path.name.endswith(GPU) == (target == "gpu"):
            usecase = path.name.removeprefix(PREFIX).removesuffix(GPU)
            if any(VERSION.fullmatch(version.name) for version in _folders(path)):
                names.append(usecase)
    return sorted(names)


def all(target: str = "cpu", store: Path | None = None) -> list[Published]:
    """List the newest model of every use case that is not retired."""
    models = (newest(usecase, target, store) for usecase in _published(target, store))
    return [model for model in models if model is not None]


def lend(model: Published, store: Path) -> None:
    """Copy a published model into another Bento home, unless it is already there.

    Raises BundleError when its bytes are not the published ones, or when that home has another model of this tag.
    """
    model.open()
    name, version = model.tag.split(":")
    lent = Published(model.tag, Path(store) / "models" / name / version)
    if not lent.folder.exists():
        with _staging(store) as staging:
            copy = Path(shutil.copytree(model.folder, staging / "copy"))
            _commit(model.tag, copy, store)
    elif lent.sha != model.sha:
        raise BundleError(
            f"{store} holds another model as {model.tag}, sha {lent.sha[:12]}; this project's is {model.sha[:12]}. "
            f"Build with this project's store: export BENTOML_HOME={home()}"
        )


def _numbers(version: str) -> tuple[int, int]:
    match = VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"A published version reads v<registry version>-<serial>. Received: {version!r}.")
    return int(match[1]), int(match[2])


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Hold a lock on the store, so that two publications at once do not take the same serial."""
    store.mkdir(parents=True, exist_ok=True)
    with (store / "minnow.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _staging(store: Path) -> Iterator[Path]:
    """Yield a temporary folder on the store's own file system, so that one rename can commit what is written there."""
    parent = Path(store) / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="minnow-", dir=parent) as folder:
        yield Path(folder)


def _write(tag: str, folder: Path, record: Provenance, staging: Path) -> Path:
    """Let BentoML write the model in the staging folder, since its own save copies file by file into the store."""
    os.environ.setdefault("BENTOML_HOME", str(home()))
    labels = {"usecase": record.usecase, "target": str(record.target)}
    with bento.created(tag, staging, labels, {"sha": record.sha, "version": int(record.version or 0)}) as place:
        shutil.copytree(folder / FOLDER, place / FOLDER)
        for name in provenance.BESIDE:
            if (folder / name).exists():
                shutil.copyfile(folder / name, place / name)
        record.write(place)
    return staging.joinpath(*tag.split(":"))


def _commit(tag: str, written: Path, store: Path) -> None:
    """Make a written model visible by one rename, then point BentoML's `latest` at it."""
    name, version = tag.split(":")
    folder = Path(store) / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    written.rename(folder / version)
    latest = written.with_name(LATEST)
    latest.write_text(version)
    latest.replace(folder / LATEST)
