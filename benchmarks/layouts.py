"""How a user would have the sets of MINNOW_BENCH_DATA: a file or a folder each, with column names and plain file names.

Rows, their order and their values are those of the source; what a layout changes, its docstring says.
"""

from __future__ import annotations

import csv
import gzip
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

ADULT = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,capital-loss,"
    "hours-per-week,native-country,income\n"
)
WINE = (
    "fixed acidity,volatile acidity,citric acid,residual sugar,chlorides,free sulfur dioxide,total sulfur dioxide,density,pH,"
    "sulphates,alcohol,quality\n"
)
FSDD_TEST = 5
"""Recordings of each digit and speaker with a lower number are the official test set."""


def adult(data: Path, folder: Path) -> Path:
    """The official division as train.csv and test.csv, with the names of the columns as their first line."""
    folder.mkdir()
    for split in ("train", "test"):
        with gzip.open(data / "adult" / f"adult-{split}.csv.gz", "rt") as file:
            (folder / f"{split}.csv").write_text(ADULT + file.read())
    return folder


def california(data: Path, folder: Path) -> Path:
    """The file as it is."""
    return _copied(data / "california_housing" / "housing.csv", folder)


def wine_red(data: Path, folder: Path) -> Path:
    """The file, with the names of the columns as its first line."""
    return _wine(data, folder, "winequality-red.csv")


def wine_white(data: Path, folder: Path) -> Path:
    """The file, with the names of the columns as its first line."""
    return _wine(data, folder, "winequality-white.csv")


def _wine(data: Path, folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(WINE + (data / "wine_quality" / name).read_text())
    return folder / name


def beijing(data: Path, folder: Path) -> Path:
    """The file as it is."""
    return _copied(data / "beijing_pm25" / "pollution.csv.gz", folder)


def occupancy(data: Path, folder: Path) -> Path:
    """The training file as train.csv, and the second test file, of another week, as test.csv."""
    folder.mkdir()
    for split, name in (("train", "datatraining.txt"), ("test", "datatest2.txt")):
        shutil.copyfile(data / "occupancy" / name, folder / f"{split}.csv")
    return folder


def imdb(data: Path, folder: Path) -> Path:
    """The official division, as it is."""
    return _whole(data / "imdb", folder)


def rt_polarity(data: Path, folder: Path) -> Path:
    """One file of sentences for each label, as it is."""
    return _whole(data / "rt_polarity", folder)


def mnist(data: Path, folder: Path) -> Path:
    """The official division, as it is."""
    return _whole(data / "mnist", folder)


def fashion_mnist(data: Path, folder: Path) -> Path:
    """The official division, as it is."""
    return _whole(data / "fashion_mnist", folder)


def fsdd(data: Path, folder: Path) -> Path:
    """The official division: folders train and test, with one folder for each digit."""
    with zipfile.ZipFile(data / "fsdd" / "fsdd_recordings.zip") as packed:
        for member in packed.namelist():
            if not member.endswith(".wav"):
                continue
            name = Path(member).name
            digit, _, number = Path(member).stem.split("_")
            path = folder / ("test" if int(number) < FSDD_TEST else "train") / digit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(member))
    return folder


def movies(data: Path, folder: Path) -> Path:
    """The ratings as CSV with the names of the columns; the films' file is no part of it."""
    folder.mkdir()
    with (data / "movietweetings_100k" / "ratings.dat").open() as source, (folder / "ratings.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["userId", "movieId", "rating", "timestamp"])
        rows.writerows(line.strip().split("::") for line in source)
    return folder / "ratings.csv"


def _copied(file: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(file, folder))


def _whole(source: Path, folder: Path) -> Path:
    return Path(shutil.copytree(source, folder))


LAYOUTS: dict[str, Callable[[Path, Path], Path]] = {
    layout.__name__: layout
    for layout in (
        adult, california, wine_red, wine_white, fsdd, rt_polarity, imdb, beijing, movies, occupancy, mnist, fashion_mnist,
    )
}  # fmt: skip
"""Name -> function of the folder of the sets and a folder to be made, which returns what `minnow new` is given."""
