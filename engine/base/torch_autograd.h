#pragma once

// For the few files that define an autograd function of their own.
#include <torch/csrc/autograd/custom_function.h>
