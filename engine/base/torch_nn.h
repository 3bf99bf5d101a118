#pragma once

// For the few files that define modules: it takes about 13 s to compile.
#include <torch/nn.h>

#include "engine/base/torch.h"
