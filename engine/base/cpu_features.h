#pragma once

namespace simclr::engine {

// Whether this processor multiplies bf16 natively (AVX512-BF16 or AMX). Thread-safe.
bool CpuHasBf16();

}  // namespace simclr::engine
