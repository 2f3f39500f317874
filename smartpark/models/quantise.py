"""Make an ONNX file smaller and faster: 8 bits for a processor, shared weights for the rest."""

import json
import logging
import struct
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process


def quantise(source: Path, target: Path, pictures: Iterable[NDArray[np.uint8]]) -> None:
    """Write an 8-bit version of a float32 ONNX network.

    Weights get one scale per output channel, activations one per tensor, taken from the range
    that the pictures give rise to.

    Args:
        source: float32 ONNX that takes `frames`, (n, h, w, 3) uint8.
        target: file to write.
        pictures: (h, w, 3) uint8 RGB, a few dozen of what the network will see.
    """
    # The library advises on its own input preparation through the root logger.
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        nodes = onnx.load(prepared).graph.node
        quantize_static(
            str(prepared),
            str(target),
            _Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            # What stands before and after the network is no arithmetic worth rounding.
            nodes_to_exclude=[node.name for node in nodes if "/network/" not in node.name],
        )


def share_weights(source: Path, target: Path, weights: Path, names: Mapping[str, str]) -> None:
    """Write an ONNX file that reads its weights from a float16 safetensors file beside it.

    Args:
        source: float32 ONNX with its weights inside.
        target: file to write, in the folder of `weights`.
        weights: safetensors file; its data are laid out as ONNX wants them.
        names: name of the tensor in `weights` for each weight of `source` that it holds.
    """
    model = onnx.load(source)
    with weights.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        header = json.loads(stream.read(length))
    kept, casts = [], []
    for tensor in model.graph.initializer:
        stored = names.get(tensor.name)
        if stored is None:
            kept.append(tensor)
            continue
        first, last = header[stored]["data_offsets"]
        outside = onnx.TensorProto(
            name=stored, data_type=onnx.TensorProto.FLOAT16, dims=tensor.dims
        )
        outside.data_location = onnx.TensorProto.EXTERNAL
        place = {"location": weights.name, "offset": 8 + length + first, "length": last - first}
        for key, value in place.items():
            outside.external_data.add(key=key, value=str(value))
        kept.append(outside)
        casts.append(onnx.helper.make_node("Cast", [stored], [tensor.name], to=1))
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend([*casts, *nodes])
    target.write_bytes(model.SerializeToString(deterministic=True))


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
    def __init__(self, pictures: Iterable[NDArray[np.uint8]]) -> None:
        self._left = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._left, None)
        return None if picture is None else {"frames": picture[None]}
