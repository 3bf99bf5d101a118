#pragma once

#include <string>

#include "simclr/v1/job.pb.h"

namespace simclr {

// SHA-256 of the spec's deterministic bytes, hexadecimal: equal specs have equal hashes within one build.
// Pure.
std::string SpecHash(const v1::JobSpec& spec);

}  // namespace simclr
