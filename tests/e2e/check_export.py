"""Loads an exported encoder as its users do and compares features with those the service saved.

    check_export.py EXPORT_DIR FEATURES_DIR IMAGES_DIR [COUNT]

EXPORT_DIR holds model.safetensors, config.json, encoder.py; FEATURES_DIR the features-test.npy and files-test.txt of a
linear-eval job with save_features; IMAGES_DIR the files that files-test.txt names, of the encoder's input size.
torchvision and timm are checked where the shape is a standard one. Exit code 77 (skipped) without torch.
"""

import importlib.util
import json
import pathlib
import sys

TOLERANCE = 1e-4


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


try:
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    from safetensors.torch import load_file
except ImportError as error:
    skip(error)


def load_images(folder, names):
    pixels = [np.asarray(Image.open(folder / name).convert("RGB")) for name in names]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255


def compare(what, model, images, expected):
    with torch.no_grad():
        worst = (model.eval()(images) - expected).abs().max().item() / expected.abs().max().item()
    print(f"{what}: largest relative difference {worst:.1e} over {len(images)} images")
    if not worst <= TOLERANCE:
        sys.exit(f"{what} does not reproduce the features")


def encoder_py(export):
    spec = importlib.util.spec_from_file_location("encoder", export / "encoder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load()


def torchvision_model(export, name):
    model = getattr(torchvision.models, name)()
    report = model.load_state_dict(load_file(export / "model.safetensors"), strict=False)
    assert not report.unexpected_keys and set(report.missing_keys) == {"fc.weight", "fc.bias"}, report
    model.fc = torch.nn.Identity()
    return model


def timm_model(export):
    import timm

    return timm.create_model(f"local-dir:{export}", pretrained=True)


def main():
    export, features, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    names = (features / "files-test.txt").read_text().split("\n")[:count]
    images = load_images(folder, names)
    expected = torch.from_numpy(np.load(features / "features-test.npy")[:count])
    config = json.loads((export / "config.json").read_text())["simclr"]

    compare("encoder.py", encoder_py(export), images, expected)
    if config["stem"] == "imagenet" and config["width"] == 1 and config["norm"].endswith("bn"):
        compare("torchvision", torchvision_model(export, config["encoder"]), images, expected)
        try:
            compare("timm", timm_model(export), images, expected)
        except ImportError as error:
            print("timm is not checked:", error)


if __name__ == "__main__":
    main()
