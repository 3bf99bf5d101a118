#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_coordinator_client.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/outbox/outbox.h"

namespace simclr::agent {

// An outbox with its spool on disk, run by hand.
class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() : files_({.spool = directory_.path()}, disk_, clock_) {}

  // One more agent in the same directory, once the one before has put down what it had.
  Outbox& Open(const OutboxOptions& options = {}) {
    outbox_.reset();
    WriteAll();
    outbox_ = std::make_unique<Outbox>(options, files_, coordinator_, clock_,
                                       SpoolDirectory(disk_, directory_.path()).Load().value(), 1);
    return *outbox_;
  }
  void WriteAll() { Run(files_); }
  // Sends what may be sent now.
  void Deliver() {
    Run(*outbox_);
    WriteAll();
  }
  void PassTime(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Milliseconds(100)) {
      clock_.Advance(absl::Milliseconds(100));
      Deliver();
    }
  }
  void Run(Part& part) {
    const absl::Duration now = clock_.Monotonic();
    for (int i = 0; i < 10'000 && part.RunOnce(now) <= now; ++i) {
    }
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  FaultyFileSystem disk_;
  FakeCoordinatorClient coordinator_;
  Files files_;
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace simclr::agent
