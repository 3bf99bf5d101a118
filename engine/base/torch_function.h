#pragma once

// For the few files that define an operation with its own backward.
#include <torch/csrc/autograd/custom_function.h>

#include "engine/base/torch.h"
