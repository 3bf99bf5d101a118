#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace simclr::coordinator {

// Who holds a worker's name.
struct NameHolder {
  std::uint64_t incarnation = 0;  // 0: nobody ever did
  std::uint64_t nonce = 0;        // of its agent process; 0: of before there were any
  bool gone = false;              // lost, or left with a good-bye
  bool in_session = false;        // its session with this coordinator is open
  bool session_ended = false;     // it had one, and that is closed
  absl::Duration silent;          // since it was heard last, or since the coordinator's start
};

// Who asks for it.
struct NameClaim {
  std::uint64_t incarnation = 0;  // 0: it was not given one yet
  std::uint64_t nonce = 0;
};

enum class NameVerdict {
  kHolds,      // it is the holder
  kRegisters,  // it becomes the holder
  kReplaced,   // another process was given the name after it
  kTaken,      // the holder still lives: ask again later
};

struct NameDecision {
  NameVerdict verdict = NameVerdict::kTaken;
  std::uint64_t incarnation = 0;  // of kHolds and kRegisters
};

// How long a holder may be silent before another process gets its name.
inline constexpr absl::Duration kNameGrace = absl::Seconds(5);
// A claim of a number that the database does not know (it was restored) counts as at most so much above the
// known one.
inline constexpr std::uint64_t kMostUnknownIncarnations = 1 << 20;

// Incarnations of a name are 1, 2, 3, ..., each given to one agent process. Registering again with the nonce
// of the holder changes nothing. A number above the known one was given by a database that is no more: its
// process goes on under a new number. Pure.
NameDecision JudgeName(const NameHolder& holder, const NameClaim& claim);

}  // namespace simclr::coordinator
