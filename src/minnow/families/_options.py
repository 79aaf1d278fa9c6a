"""What several families take from params.yaml."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Activation = Literal["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "hard_swish", "linear"]


class Schedule(Strict):
    """How the learning rate goes. warm_up, floor: shares of all steps and of the highest rate."""

    kind: Literal["constant", "cosine", "exponential"] = "cosine"
    warm_up: float = Field(default=0.05, ge=0, lt=1)
    floor: float = Field(default=0.01, ge=0, le=1)


class EarlyStopping(Strict):
    """Stop when val loss has not improved for so many epochs, and take the best weights."""

    patience: int = Field(default=10, ge=1)


class Augmentation(Strict):
    """Random changes of training images. shift, zoom: shares of the side; rotate: degrees.

    flip: mirror every other image, left for right; erase: sides of a rectangle of zeros, as a share of the image's.
    """

    shift: float = Field(default=0.0, ge=0, lt=0.5)
    rotate: float = Field(default=0.0, ge=0, le=180)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    flip: bool = False
    erase: float = Field(default=0.0, ge=0, lt=1)


class InitFrom(Strict):
    """Begin with the weights of another use case's model of the same family, as far as the layers are alike.

    usecase: whose; frozen_epochs: in which only the layers that were not taken learn; rate: share of learning_rate with
    which everything learns after that. model, labels: a run fills them in.
    """

    usecase: str
    frozen_epochs: int = Field(default=5, ge=0)
    rate: float = Field(default=0.3, gt=0, le=1)
    model: str | None = None
    labels: list[str] | None = None


class Training(Strict):
    """How a Keras family is trained.

    optimizer, learning_rate, weight_decay (AdamW's and SGD's); loss: None takes the task's own; label_smoothing:
    classification only; average: what is kept at each step of a running mean of the weights, which then is the model
    (0.99 looks back about 100 steps; None takes the last weights); early_stopping: None goes to the last epoch.
    """

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=1)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adam"
    learning_rate: float = Field(default=0.003, gt=0)
    weight_decay: float | None = Field(default=None, ge=0)
    schedule: Schedule = Schedule()
    loss: Literal["cross_entropy", "focal", "mse", "mae", "huber"] | None = None
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    early_stopping: EarlyStopping | None = EarlyStopping()
    average: float | None = Field(default=None, gt=0, lt=1)
    init_from: InitFrom | None = None


class Regularised(Training):
    """Training of a network of layers. l1, l2: on weights; dropout: share of units; batch_norm: after each layer."""

    activation: Activation = "relu"
    l1: float = Field(default=0.0, ge=0)
    l2: float = Field(default=0.0, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    batch_norm: bool = True


SEARCHED = {
    "learning_rate": {"low": 0.0005, "high": 0.03, "log": True},
    "batch_size": {"among": [16, 32, 64, 128]},
    "dropout": {"low": 0.0, "high": 0.5},
}
"""What `minnow tune` searches of any training, where params.yaml names no space of its own."""


def refuse(name: str, needed: str, received: Any) -> ValueError:
    """Build the error for parameters that cannot be together."""
    return ValueError(f"{name} needs {needed}. Received: {received!r}.")
