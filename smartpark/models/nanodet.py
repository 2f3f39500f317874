"""NanoDet-g as a torch module: load its weights, run it, export it to ONNX."""

import copy
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 80
DISTANCE_BINS = 11
"""Each side of a box is a distribution over the distances 0 to 10, in strides."""
STRIDES = (8, 16, 32)
OUTPUTS = ["best", "p8", "p16", "p32"]

MEAN_RGB = (123.675, 116.28, 103.53)
STD_RGB = (58.395, 57.12, 57.375)

_SLOPE = 0.1
_WIDTH = 128


class Convolution(nn.Conv2d):
    """A convolution with its batch normalisation already fused, then a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h / stride, w / stride)."""
        return functional.leaky_relu(super().forward(x), _SLOPE)


class Split(nn.Module):
    """Narrow the features, then join them with what a second convolution makes of them."""

    def __init__(self, width: int, half: int) -> None:
        super().__init__()
        self.narrow = Convolution(width, half)
        self.deepen = Convolution(half, half)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 2 * half, h, w)."""
        narrowed = self.narrow(x)
        return torch.cat([self.deepen(narrowed), narrowed], 1)


class Stage(nn.Module):
    """Shrink the picture by `stride`, then a chain of nested splits whose pieces are joined again.

    Args:
        width: channels in.
        stride: of the first convolution.
        blocks: inner blocks, each two convolutions whose outputs are joined.
        growth: channels after the first convolution.
    """

    def __init__(self, width: int, *, growth: int, stride: int, blocks: int) -> None:
        super().__init__()
        half = growth // 2
        self.enter = Convolution(width, growth, stride=stride)
        self.blocks = nn.ModuleList(Split(growth, half) for _ in range(blocks))
        self.leave = Convolution(growth, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 2 * growth, h / stride, w / stride)."""
        entered = self.enter(x)
        y = entered
        for block in self.blocks:
            y = block(y)
        return torch.cat([self.leave(y), entered], 1)


class Head(nn.Module):
    """Class scores and box distances of every cell of one level."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.mix = Convolution(_WIDTH, _WIDTH)
        self.out = nn.Conv2d(_WIDTH, classes + 4 * DISTANCE_BINS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, classes + 44, h, w): class logits, then 4 x 11 distance logits."""
        logits: Tensor = self.out(self.mix(x))
        return logits


class NanoDetG(nn.Module):
    """The detector: a backbone, path aggregation over three levels, one head for each.

    Takes normalised BGR pictures whose sides are multiples of 32; see `FromPixels`.
    """

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.classes = classes
        self.stem = Convolution(3, 32, stride=2)
        self.stage4 = Stage(32, growth=32, stride=1, blocks=1)
        self.stage8 = Stage(64, growth=64, stride=2, blocks=2)
        self.stage16 = Stage(128, growth=128, stride=2, blocks=2)
        self.stage32 = Stage(256, growth=256, stride=2, blocks=3)
        self.lateral8 = nn.Conv2d(128, _WIDTH, 1)
        self.lateral16 = nn.Conv2d(256, _WIDTH, 1)
        self.lateral32 = nn.Conv2d(512, _WIDTH, 1)
        self.head8, self.head16, self.head32 = (Head(classes) for _ in STRIDES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (n, classes + 44, h / s, w / s) for each stride s: 8, 16 and 32."""
        x = functional.max_pool2d(self.stem(x), 3, 2, padding=1)
        c8 = self.stage8(self.stage4(x))
        c16 = self.stage16(c8)
        c32 = self.stage32(c16)
        p32 = self.lateral32(c32)
        p16 = self.lateral16(c16) + _twice(p32)
        p8 = self.lateral8(c8) + _twice(p16)
        # Bilinear halving of an even picture is the mean of each 2 x 2 block.
        p16 = p16 + functional.avg_pool2d(p8, 2)
        p32 = p32 + functional.avg_pool2d(p16, 2)
        return self.head8(p8), self.head16(p16), self.head32(p32)

    def in_graph_order(self) -> Iterator[nn.Conv2d]:
        """Yield the 34 convolutions in the order of their published names `conv.0` to `conv.33`."""
        yield self.stem
        for stage, lateral in (
            (self.stage4, None),
            (self.stage8, self.lateral8),
            (self.stage16, self.lateral16),
            (self.stage32, self.lateral32),
        ):
            yield from (part for part in stage.modules() if isinstance(part, nn.Conv2d))
            if lateral is not None:
                yield lateral
        heads = (self.head8, self.head16, self.head32)
        # The published graph lists the heads interleaved: 28, 29, 30 (p8), 31, 32 (p16), 33 (p32).
        yield from (
            heads[0].mix,
            heads[1].mix,
            heads[0].out,
            heads[2].mix,
            heads[1].out,
            heads[2].out,
        )


class FromPixels(nn.Module):
    """The detector as it is served: pictures in as they come, one table of cells out.

    The order of the colours and their scale are folded into the first convolution. The mean is
    not: outside the picture the network expects zeros, that is, pixels of the mean colour.
    """

    mean: Tensor

    def __init__(self, network: NanoDetG) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        stem = self.network.stem.weight
        stem.data = stem.data.flip(1) / torch.tensor(STD_RGB).view(1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1))

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the best class logit of every cell, and all logits of each level.

        Args:
            frames: (n, h, w, 3) uint8 RGB, both sides multiples of 32.

        Returns:
            (n, cells), row by row for stride 8, then 16, then 32; then
            (n, classes + 44, h / s, w / s) for each stride s.
        """
        levels = self.network(frames.permute(0, 3, 1, 2).float() - self.mean)
        best = [level[:, : self.network.classes].amax(1).flatten(1) for level in levels]
        return torch.cat(best, 1), *levels


def load_network(path: Path) -> NanoDetG:
    """Return the network with the weights of a safetensors file (`conv.0.weight`, ...)."""
    stored = load_file(path)
    network = NanoDetG(classes=len(stored["conv.33.bias"]) - 4 * DISTANCE_BINS)
    with torch.no_grad():
        for number, part in enumerate(network.in_graph_order()):
            part.weight.copy_(stored[f"conv.{number}.weight"])
            if part.bias is not None:
                part.bias.copy_(stored[f"conv.{number}.bias"])
    return network.eval()


def export_onnx(network: NanoDetG, path: Path) -> None:
    """Write the network as float32 ONNX that takes pixels; batch and size stay open.

    Inputs and outputs are those of `FromPixels.forward`, under the names `frames` and `OUTPUTS`.
    """
    with warnings.catch_warnings():
        # The newer exporter needs onnxscript and gives the same graph with other names.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            FromPixels(network).eval(),
            (torch.zeros(1, 64, 64, 3, dtype=torch.uint8),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["frames"],
            output_names=OUTPUTS,
            dynamic_axes={name: {0: "n", 2: f"h_{name}", 3: f"w_{name}"} for name in OUTPUTS[1:]}
            | {"frames": {0: "n", 1: "h", 2: "w"}, "best": {0: "n", 1: "cells"}},
        )


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
