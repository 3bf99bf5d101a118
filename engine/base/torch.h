#pragma once

// The only door through which LibTorch enters the project. Tensor code needs no more than this; the few files
// that define modules include engine/base/torch_nn.h, those that talk to c10d the headers of
// engine/distributed.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>
