#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::bench {

struct HistoryOptions {
  int ended = 0;
  int queued = 0;
  absl::Time now;
  absl::Duration span = absl::Hours(24 * 30);  // the ended jobs were submitted this long before now, evenly
  std::uint64_t seed = 1;
};

// A made-up past of a cluster, the same for the same options: jobs of twenty users, most of which succeeded
// and some of which failed or were cancelled, each with one attempt of two ranks, their exits and two
// checkpoints; after them queued jobs of one rank. Not thread-safe.
class History {
 public:
  explicit History(const HistoryOptions& options) : options_(options) {}

  int size() const { return options_.ended + options_.queued; }

  // The job's record after all of its events, and these events, without revisions. Pure.
  v1::JobRecord Record(int index) const;
  static std::vector<v1::Event> EventsOf(const v1::JobRecord& record);

 private:
  void EndJob(std::uint64_t bits, absl::Time submitted, v1::JobRecord& record) const;

  const HistoryOptions options_;
};

}  // namespace simclr::bench
