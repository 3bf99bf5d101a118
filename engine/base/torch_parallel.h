#pragma once

// For the few files with loops of their own over tensor data: dispatch on the type, threads, instruction set.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
