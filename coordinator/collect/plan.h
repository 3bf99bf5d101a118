#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

// What of a job's files may be removed. Pure. Whatever may be removed may be removed for ever after: attempts
// stay closed and checkpoints stay retired, so that a plan does not grow old.
namespace simclr::coordinator {

// How long what nobody committed stays after the end of the attempt that wrote it: a trainer that is thought
// dead may still be writing.
inline constexpr absl::Duration kUncommittedStays = absl::Hours(1);

struct DirectoryEntry {
  std::string name;           // any bytes
  bool is_directory = false;  // a link is none
};

struct CleanupPlan {
  std::vector<std::string> remove;                 // directories, relative to the artifact root
  std::vector<std::string> unknown;                // likewise: not written by a placement of the record
  absl::Time look_again = absl::InfiniteFuture();  // when more may go, though nothing happens
};

// `checkpoints`: what is in <job>/checkpoints. `own`: what is in <job>.
CleanupPlan PlanCleanup(const v1::JobRecord& record, const std::vector<DirectoryEntry>& own,
                        const std::vector<DirectoryEntry>& checkpoints, absl::Time now);

}  // namespace simclr::coordinator
