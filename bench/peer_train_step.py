#!/usr/bin/env python3
"""The same training step in plain PyTorch, interleaved with bench/train_step, and the ratio of the two.

    peer_train_step.py build/release/bench/train_step [--width 0.25] [--batch 128] [--threads 1] [--rounds 8]

Both run ResNet-18 with the CIFAR stem, a two-layer head with batch norm, NT-Xent over 2 x batch views, and LARS, in
float32 and channels_last. Rounds alternate, so that a machine whose speed drifts slows both. It prints images/s of
each (median over rounds) and the ratio round by round. Needs torch and torchvision of the same version as the build.
"""
import argparse
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock


class Encoder(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, base, 3, padding=1, bias=False), nn.BatchNorm2d(base), nn.ReLU(True))
        stages, inplanes = [], base
        for index in range(4):
            planes = base * 2**index
            for block in range(2):
                stride = 2 if index > 0 and block == 0 else 1
                down = None
                if stride != 1 or inplanes != planes:
                    down = nn.Sequential(nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
                stages.append(BasicBlock(inplanes, planes, stride, down))
                inplanes = planes
        self.stages = nn.Sequential(*stages)
        self.features = inplanes

    def forward(self, x):
        return self.stages(self.stem(x)).mean((2, 3))


def nt_xent(z, temperature):
    z = F.normalize(z)
    n = z.shape[0] // 2
    logits = z @ z.t() / temperature
    logits.fill_diagonal_(float("-inf"))
    return F.cross_entropy(logits, torch.arange(2 * n).roll(n))


class Lars(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.9, weight_decay=1e-6, eta=1e-3):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, eta=eta))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g, trust = p.grad, 1.0
                if p.dim() > 1:
                    g = g.add(p, alpha=group["weight_decay"])
                    w_norm, g_norm = p.norm(), g.norm()
                    trust = torch.where((w_norm > 0) & (g_norm > 0), group["eta"] * w_norm / g_norm, torch.ones(()))
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).add_(g * (trust * group["lr"]))
                p.sub_(v)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    encoder = Encoder(int(64 * args.width))
    width = encoder.features
    head = nn.Sequential(nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(True),
                         nn.Linear(width, 128, bias=False), nn.BatchNorm1d(128))
    model = nn.Sequential(encoder, head).to(memory_format=torch.channels_last)
    optimizer = Lars(model.parameters(), lr=0.1)
    views = torch.rand(2 * args.batch, 3, args.image_size, args.image_size).to(memory_format=torch.channels_last)

    ours = subprocess.Popen([args.program] + [str(v) for v in (args.width, args.batch, args.image_size, args.threads,
                                                               args.steps)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run_ours():
        ours.stdin.write("go\n")
        ours.stdin.flush()
        return float(ours.stdout.readline())

    def run_peer():
        start = time.perf_counter()
        for _ in range(args.steps):
            optimizer.zero_grad()
            nt_xent(model(views), 0.5).backward()
            optimizer.step()
        return time.perf_counter() - start

    run_ours(), run_peer()  # warm-up
    rounds = [(run_ours(), run_peer()) for _ in range(args.rounds)]
    ours.stdin.close()
    ours.wait()
    images = args.batch * args.steps
    for name, column in (("ours", 0), ("PyTorch", 1)):
        print(f"{name}: {images / statistics.median(r[column] for r in rounds):.1f} images/s")
    ratios = sorted(peer / own for own, peer in rounds)
    print(f"ours / PyTorch: median {statistics.median(ratios):.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}"
          f" over {len(ratios)} rounds")


if __name__ == "__main__":
    main()
