"""Run an ONNX network on whatever this machine does best; see docs/runtime.md for the figures."""

import platform
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import openvino
from numpy.typing import NDArray

from smartpark.core.text import Text

Pixels = NDArray[np.uint8]
Outputs = tuple[NDArray[np.float32], ...]
Engine = Literal["openvino", "onnxruntime", "cuda"]

_CUDA = "CUDAExecutionProvider"


class Network(Protocol):
    """An ONNX network that takes pictures as (n, h, w, 3) uint8."""

    engine: Engine

    def run(self, pictures: Sequence[Pixels]) -> Iterator[Outputs]:
        """Yield the outputs for each (h, w, 3) picture, in order, without the batch axis.

        The arrays may be overwritten once the next ones are asked for.
        """


@cache
def best_engine() -> Engine:
    """Return the engine that is fastest here: a graphics card, else OpenVINO where it suits."""
    if _has_card() and _CUDA in _onnxruntime().get_available_providers():
        return "cuda"
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "openvino" if "INT8" in capabilities else "onnxruntime"


def _has_card() -> bool:
    """Return whether a driver offers a card: the provider is listed even where there is none."""
    if platform.system() != "Linux":
        return True
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg"))


def open_network(path: Path, *, threads: int, engine: Engine) -> Network:
    """Return the network of an ONNX file, ready to run with so many processor threads."""
    if engine == "openvino":
        return OpenVinoNetwork(path, threads=threads)
    return OnnxNetwork(path, threads=threads, engine=engine)


def describe_device() -> Text:
    """Return one sentence on what inference runs on here, for `smartpark doctor`."""
    engine = best_engine()
    if engine == "cuda":
        release = _onnxruntime().__version__
        return Text(
            en=f"Inference runs on the graphics card (ONNX Runtime {release}, CUDA).",
            zh=f"推理在显卡上运行（ONNX Runtime {release}，CUDA）。",
        )
    core = openvino.Core()
    processor = core.get_property("CPU", "FULL_DEVICE_NAME") or platform.machine()
    name = (
        f"OpenVINO {openvino.__version__.split('-')[0]}"
        if engine == "openvino"
        else f"ONNX Runtime {_onnxruntime().__version__}"
    )
    return Text(
        en=f"Inference runs on the processor ({processor}) with {name}; no graphics card is used.",
        zh=f"推理在处理器（{processor}）上运行，使用 {name}；未使用显卡。",
    )


class OpenVinoNetwork:
    """OpenVINO, one thread for each picture: threads never wait for each other inside one."""

    def __init__(self, path: Path, *, threads: int, streams: int | None = None) -> None:
        self.engine: Engine = "openvino"
        core = openvino.Core()
        model = core.read_model(path)
        _drop_rounding_before_rectifiers(model)
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": streams or threads,
                "ENABLE_CPU_PINNING": False,  # the reader and the writer need the cores too
                "INFERENCE_PRECISION_HINT": "f32",  # the same result on every processor
            },
        )
        # One request more than streams: a stream works on while an answer is being read.
        self._requests = [compiled.create_infer_request() for _ in range((streams or threads) + 1)]

    def run(self, pictures: Sequence[Pixels]) -> Iterator[Outputs]:
        """Yield the outputs for each picture; see `Network.run`."""
        pending: deque[Any] = deque()
        try:
            for number, picture in enumerate(pictures):
                if len(pending) == len(self._requests):
                    yield _answer(pending.popleft())
                request = self._requests[number % len(self._requests)]
                request.start_async({0: picture[None]}, share_inputs=True)
                pending.append(request)
            while pending:
                yield _answer(pending.popleft())
        finally:
            for request in pending:
                request.wait()


class OnnxNetwork:
    """ONNX Runtime, on a graphics card or on the processor."""

    def __init__(self, path: Path, *, threads: int, engine: Engine = "onnxruntime") -> None:
        self.engine = engine
        onnxruntime = _onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Waiting threads sleep: the reader and the writer need the cores too.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        providers = [_CUDA] if engine == "cuda" else []
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=[*providers, "CPUExecutionProvider"]
        )

    def run(self, pictures: Sequence[Pixels]) -> Iterator[Outputs]:
        """Yield the outputs for each picture; see `Network.run`."""
        for _, alike in groupby(pictures, key=np.shape):
            outputs = self._session.run(None, {"frames": np.stack(list(alike))})
            yield from zip(*outputs, strict=True)


def _onnxruntime() -> Any:
    # 20 MB that a worker on OpenVINO does without.
    import onnxruntime

    return onnxruntime


def _answer(request: Any) -> Outputs:
    request.wait()
    return tuple(tensor.data[0] for tensor in request.output_tensors)


def _drop_rounding_before_rectifiers(model: Any) -> None:
    """Take out the 8-bit rounding between a convolution and its leaky rectifier.

    ONNX Runtime needs it there to run the convolution in 8 bits; OpenVINO fuses the two, and
    the rounding would only cost time and accuracy.
    """
    for rectifier in (op for op in model.get_ops() if op.get_type_name() == "PRelu"):
        source = rectifier.input_value(0)
        while source.get_node().get_type_name() in ("Convert", "Subtract", "Multiply"):
            source = source.get_node().input_value(0)
        if source.get_node().get_type_name() == "FakeQuantize":
            rectifier.input(0).replace_source_output(source.get_node().input_value(0))
