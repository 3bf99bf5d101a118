#pragma once

#include "absl/status/status.h"

namespace simclr::agent {

// What the coordinator's answer to a report means for it.
enum class Answer {
  kTaken,
  kStale,     // of a placement that is over: drop it
  kAway,      // the coordinator was not reached, or its disk is full: try again until it takes it
  kNotNow,    // it answers, but does not let this agent in: try again
  kDoubtful,  // it cannot take it, perhaps for a passing reason: a few tries
  kRefused,   // it never will
};

// Pure.
Answer JudgeAnswer(const absl::Status& status);

}  // namespace simclr::agent
