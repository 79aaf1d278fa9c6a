"""Parameters of the Keras families."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from minnow.contracts import Parameters
from minnow.families._calibration import Calibrated

_LEAST_EPOCHS = 4

Activation = Literal["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "hard_swish", "linear"]


class Schedule(Parameters):
    """The schedule of the learning rate. warm_up: share of all steps; floor: final rate as a share of the highest."""

    SHORT: ClassVar[str | None] = "kind"

    kind: Literal["constant", "cosine", "exponential"] = "cosine"
    warm_up: float = Field(default=0.05, ge=0, lt=1)
    floor: float = Field(default=0.01, ge=0, le=1)


class EarlyStopping(Parameters):
    """Stop when the loss on val has not improved for `patience` epochs, and restore the best weights."""

    SHORT: ClassVar[str | None] = "patience"

    patience: int = Field(default=10, ge=1)


class Augmentation(Parameters):
    """Random changes of training images. shift, zoom: largest change as a share of height and width; rotate: in degrees.

    flip: mirror images horizontally with probability 0.5; erase: height and width of a rectangle of zeros, as a share of
    those of the image.
    """

    shift: float = Field(default=0.0, ge=0, lt=0.5)
    rotate: float = Field(default=0.0, ge=0, le=180)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    flip: bool = False
    erase: float = Field(default=0.0, ge=0, lt=1)


class InitFrom(Parameters):
    """Start from the weights of another use case's model of the same family, as far as the layers have the same shapes.

    usecase: the other use case; frozen_epochs: epochs in which only layers with random initial weights are trained; rate:
    share of learning_rate with which all layers are trained afterwards. model, labels: set by a run.
    """

    SHORT: ClassVar[str | None] = "usecase"

    usecase: str
    frozen_epochs: int = Field(default=5, ge=0)
    rate: float = Field(default=0.3, gt=0, le=1)
    model: str | None = None
    labels: list[str] | None = None


class Training(Parameters):
    """How a Keras family is trained.

    epochs: None takes the family's EPOCHS, and for many rows of train as many as read MOST_ROWS of them, but not fewer than 4.
    loss: None uses the task's default; label_smoothing: for classification only; average: decay of the moving average of the
    weights, which becomes the model (0.99 averages about 100 steps; None uses the last weights); early_stopping: None trains
    to the last epoch; init_from: the model whose weights the training starts from.
    """

    EPOCHS: ClassVar[int] = 30
    MOST_ROWS: ClassVar[int] = 1_000_000

    epochs: int | None = Field(default=None, ge=1)
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

    def epochs_for(self, rows: int, usual: int | None = None) -> int:
        """Number of epochs of a training on so many rows. usual: in place of EPOCHS."""
        return self.epochs or min(usual or self.EPOCHS, max(_LEAST_EPOCHS, round(self.MOST_ROWS / rows)))


class Regularized(Training, Calibrated):
    """Layers and their training. activation: of hidden layers; l1, l2: on weights; dropout: rate; batch_norm: after layers."""

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
"""The search space of `minnow tune` for any training, unless params.yaml sets one."""
