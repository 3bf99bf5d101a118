#pragma once

#include <csignal>

namespace simclr::trainer {

// SIGINT and SIGTERM as a question instead of an interruption: blocked from construction on, in this thread
// and those it starts later. Make it before any other thread. Thread-safe.
class StopSignals {
 public:
  StopSignals();

  // Whether one of them has come.
  bool Received() const;

 private:
  sigset_t watched_;
};

}  // namespace simclr::trainer
