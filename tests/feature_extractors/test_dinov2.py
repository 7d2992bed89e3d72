"""DINOv2 with random weights against torch-fidelity's preprocessing and torchvision's transformer."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch_fidelity.feature_extractor_dinov2 import FeatureExtractorDinoV2

from lightning_gan.feature_extractors import DINOv2, WeightsError
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.feature_extractors.dinov2 import SIZES, DINOv2Network
from lightning_gan.feature_extractors.vit import GatedPerceptron, VisionTransformer

DIM, DEPTH, HEADS = 32, 2, 4


def random_weights(gated=False):
    rng = torch.Generator().manual_seed(0)
    shapes = VisionTransformer(DIM, DEPTH, HEADS, gated).state_dict()
    made = {name: torch.randn(like.shape, generator=rng) * 0.3 for name, like in shapes.items()}
    return made | {"mask_token": torch.zeros(1, DIM)}


def network(tensors, gated=False):
    with torch.device("meta"):
        transformer = VisionTransformer(DIM, DEPTH, HEADS, gated)
    return DINOv2Network(transformer, tensors, "dinov2-tiny", "here")


def image_bytes(m, channels=3, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (m, channels, 32, 32), dtype=torch.uint8, generator=rng)


def test_preprocessing_equals_torch_fidelity(monkeypatch):
    ours = network(random_weights())
    monkeypatch.setattr(torch.hub, "load", lambda *_: ours.transformer)
    monkeypatch.setenv("XFORMERS_DISABLED", "1")  # which torch-fidelity sets, and leaves
    theirs = FeatureExtractorDinoV2("dinov2-vit-l-14", ["dinov2"])
    (vectors,) = theirs(image_bytes(2))
    assert torch.equal(ours(image_bytes(2)).vectors, vectors)


def test_the_transformer_is_that_of_torchvision():
    tensors = random_weights()
    ours = network(tensors)
    theirs = torchvision.models.VisionTransformer(224, 14, DEPTH, HEADS, DIM, 4 * DIM)
    theirs.heads = torch.nn.Identity()
    names = {
        "patch_embed.proj": "conv_proj", "cls_token": "class_token", "blocks.": "encoder.layers.encoder_layer_",
        "norm1": "ln_1", "norm2": "ln_2", "attn.qkv.": "self_attention.in_proj_", "mlp.fc1": "mlp.0",
        "attn.proj": "self_attention.out_proj", "mlp.fc2": "mlp.3",
    }  # fmt: skip
    state = {}
    for name, tensor in tensors.items():
        factor = {"attn.proj": "ls1", "mlp.fc2": "ls2"}.get(".".join(name.split(".")[2:4]))
        if factor:  # on a branch is one on the last layer's weights
            gamma = tensors[".".join([*name.split(".")[:2], factor, "gamma"])]
            tensor = gamma.view(-1, *[1] * (tensor.dim() - 1)) * tensor
        if name.startswith("norm."):
            name = f"encoder.ln{name[4:]}"
        for ours_, theirs_ in names.items():
            name = name.replace(ours_, theirs_)
        if ".ls" not in name and name not in ("mask_token", "pos_embed"):
            state[name] = tensor
    state["encoder.pos_embedding"] = ours.transformer.positions(16)
    theirs.load_state_dict(state)
    with torch.no_grad():
        vectors = theirs.eval()(ours.prepare(image_bytes(2)))
    torch.testing.assert_close(ours(image_bytes(2)).vectors, vectors, rtol=1e-4, atol=1e-5)


def test_positions_are_stretched_with_the_tenth_of_the_published_code():
    transformer = VisionTransformer(DIM, 1, HEADS)
    grid = torch.randn(37, 37, DIM, generator=torch.Generator().manual_seed(0))
    first = torch.ones(1, 1, DIM)
    transformer.pos_embed.data = torch.cat([first, grid.view(1, -1, DIM)], 1)
    positions = transformer.positions(16)
    assert positions.shape == (1, 257, DIM)
    assert torch.equal(positions[:, :1], first)
    scaled = F.interpolate(grid.permute(2, 0, 1)[None], scale_factor=16.1 / 37, mode="bicubic")
    assert torch.equal(positions[0, 1:].view(16, 16, DIM), scaled[0].permute(1, 2, 0))


def test_the_largest_size_has_gates():
    gated = GatedPerceptron(6)
    assert gated.w3.in_features == 16
    x = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(0))
    weight, bias = gated.w12.weight, gated.w12.bias
    gate, value = F.linear(x, weight[:16], bias[:16]), F.linear(x, weight[16:], bias[16:])
    torch.testing.assert_close(gated(x), gated.w3(gate * gate.sigmoid() * value))
    assert network(random_weights(gated=True), gated=True)(image_bytes(1)).vectors.shape == (1, DIM)


def test_every_size_has_as_many_weights_as_were_published(subtests):
    for size, millions in [("s", 22.1), ("b", 86.6), ("l", 304), ("g", 1140)]:
        with subtests.test(size=size, millions=millions):
            with torch.device("meta"):
                transformer = VisionTransformer(*SIZES[size])
            n = sum(parameter.numel() for parameter in transformer.parameters())
            assert n / 1e6 == pytest.approx(millions, rel=0.004)


def test_a_file_is_read_and_its_mask_token_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setitem(SIZES, "s", (DIM, DEPTH, HEADS, False))
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(tmp_path))
    space = DINOv2("s")
    with pytest.raises(
        WeightsError, match=r"not at .*/dinov2_vits14_pretrain.pth: get dinov2_vits"
    ):
        space.load()
    tensors = random_weights()
    torch.save(tensors, tmp_path / space.file)
    loaded = space.load()
    assert loaded.weights == hash_tensors({k: v for k, v in tensors.items() if k != "mask_token"})
    assert (loaded.name, loaded.dim, loaded.classes) == ("dinov2-vit-s-14", DIM, None)
    assert DINOv2("s", str(tmp_path / space.file)).load().weights == loaded.weights
    grey = image_bytes(3, channels=1)
    ours = loaded(grey)
    assert ours.logits is None
    assert not ours.vectors.requires_grad
    torch.testing.assert_close(loaded(grey.expand(-1, 3, -1, -1)[1:]).vectors, ours.vectors[1:])


def test_other_weights_are_refused():
    tensors = random_weights()
    tensors.pop("blocks.1.ls2.gamma")
    with pytest.raises(
        WeightsError, match=r"^here lacks blocks.1.ls2.gamma of \[32\]: give the pub"
    ):
        network(tensors)


def test_invalid_images_are_refused():
    with pytest.raises(ValueError, match=r"torch.float32.*give\s+bytes"):
        network(random_weights())(image_bytes(1).float())
