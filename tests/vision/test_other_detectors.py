"""Detectors of torchvision and transformers, built small with random weights."""

from pathlib import Path

import pytest

pytest.importorskip("torchvision", reason="the extra `train` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hub` is not installed")

import torch  # noqa: E402 - after the checks
import torchvision  # noqa: E402

from smartpark.core.errors import ModelError  # noqa: E402
from smartpark.testing.contracts import check_detector  # noqa: E402
from smartpark.vision.detectors import from_torchvision, from_transformers  # noqa: E402

SMALL = {
    "num_labels": 3,
    "encoder_hidden_dim": 32,
    "d_model": 32,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "num_queries": 10,
    "num_denoising": 0,
    "encoder_in_channels": [16, 24, 32],
    "decoder_in_channels": [32, 32, 32],
}
STAGES = ["stage2", "stage3", "stage4"]


def rt_detr_v2() -> "transformers.PreTrainedModel":
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=STAGES,
    )
    config = transformers.RTDetrV2Config(backbone_config=backbone, **SMALL)
    return transformers.RTDetrV2ForObjectDetection(config)


def d_fine() -> "transformers.PreTrainedModel":
    backbone = transformers.HGNetV2Config(
        embedding_size=8,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 8, 16, 24],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[8, 16, 24, 32],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        out_features=STAGES,
    )
    config = transformers.DFineConfig(backbone_config=backbone, **SMALL)
    return transformers.DFineForObjectDetection(config)


@pytest.mark.parametrize("build", [rt_detr_v2, d_fine])
def test_a_transformers_folder_is_a_detector(build: object, tmp_path: Path) -> None:
    torch.manual_seed(1)
    build().save_pretrained(tmp_path)
    size = {"height": 64, "width": 64}
    transformers.RTDetrImageProcessor(size=size).save_pretrained(tmp_path)

    detector = from_transformers.load(argument=str(tmp_path))

    assert detector.name == f"transformers:{tmp_path}"
    assert detector.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    check_detector(detector)


def test_a_folder_that_holds_no_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded: .*name a folder that holds"):
        from_transformers.load(argument=str(tmp_path))


def test_a_torchvision_network_is_a_detector() -> None:
    torch.manual_seed(1)
    model = torchvision.models.get_model(
        "ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=4
    )

    detector = from_torchvision.TorchvisionDetector(
        model, name="torchvision:small", version="random", labels=("none", "a", "b", "c")
    )

    detector.min_score = 0.0
    check_detector(detector)


def test_an_unknown_torchvision_network_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no detector named 'yolo'.*fcos_resnet50_fpn"):
        from_torchvision.load(argument="yolo")


def test_missing_weights_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)

    with pytest.raises(ModelError, match=r"could not be fetched \(no network\)\. Put the file of"):
        from_torchvision.load(argument="ssdlite320_mobilenet_v3_large")
