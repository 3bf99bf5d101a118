#pragma once

#include <poll.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "tests/engine/train/tiny_job.h"
#include "tests/support/ranks.h"

namespace simclr::engine {

// Options of a rank that meets the others through a file in the directory of the test, so that a process
// forked from the rank can do so, too. Every run of a test has a `meeting` of its own.
inline RunOptions RankOptions(const ::simclr::testing::RankContext& context, const std::string& meeting) {
  RunOptions options = TinyOptions(context.directory());
  options.rank = context.rank();
  options.world_size = context.world_size();
  const std::string file = JoinPath(context.directory(), meeting);
  options.publish_endpoint = [file](const std::string& endpoint) {
    if (PosixFileSystem().Write(file + ".new", endpoint).ok()) {
      (void)PosixFileSystem().Rename(file + ".new", file);
    }
  };
  options.await_endpoint = [file, meeting]() -> absl::StatusOr<RunOptions::Meeting> {
    const absl::Duration deadline = RealClock().Monotonic() + absl::Seconds(60);
    while (!PosixFileSystem().Exists(file)) {
      if (RealClock().Monotonic() > deadline) return absl::UnavailableError("rank 0 did not come");
      ::poll(nullptr, 0, 5);
    }
    return RunOptions::Meeting{*PosixFileSystem().Read(file), absl::StrCat(meeting, "/1/nonce")};
  };
  return options;
}

}  // namespace simclr::engine
