#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr {

// "j-" + milliseconds since 1970 as 12 hexadecimal digits + "-" + 4 random characters, for example
// j-0001a2b3c4d5-x7k2: ids sort by time of submission. Pure.
std::string MakeJobId(absl::Time now, std::uint64_t random);

// Whether `text` has the form of a job id. A job's name never has it (validate refuses it), so that a
// reference to a job is never ambiguous.
bool IsJobId(absl::string_view text);

// Unpredictable 64 bits of the operating system, for ids, nonces and seeds; tokens come from common/crypto.
// Thread-safe.
std::uint64_t RandomBits();

// 16 hexadecimal digits, for request ids and nonces. Pure.
std::string HexId(std::uint64_t bits);

// "a2-1f2e3d4c", of an attempt and the nonce of its placement: how the names of its logs, checkpoints and
// directories begin. Two placements never share a name, not even where a restored database counts attempts
// anew. Without a nonce, in a local run and before placements had any, it is "a2". Pure.
std::string AttemptName(int attempt, absl::string_view nonce);

}  // namespace simclr
