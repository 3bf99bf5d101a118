#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "simclr/v1/job.pb.h"
#include "simclr/v1/trainer_service.pb.h"

namespace simclr::agent {

// How long a trainer may go without progress while no coordinator judges its gang: the longest finite limit
// of its job and a minute, at most half an hour. Pure.
absl::Duration GroupTimeout(const v1::Limits& limits);

// The progress of one trainer as seen by its agent, and the verdict on what the agent alone sees: a trainer
// that says nothing, and, while the coordinator is away, one of a gang that stands still. All else is the
// coordinator's to judge, which sees the whole gang. Times are monotonic. Not thread-safe.
class HangWatch {
 public:
  // `silence`: without a word the process counts as frozen.
  HangWatch(absl::Duration silence, absl::Duration group_timeout)
      : silence_(silence), group_timeout_(group_timeout) {}

  void OnReport(absl::Duration now) { last_report_ = now; }
  void OnProgress(const v1::Progress& progress, absl::Duration now);
  // The peers can be met from now on: what it waited for before is held against nobody.
  void OnRun(absl::Duration now) { last_progress_ = now; }
  // The watcher itself slept (a frozen agent, a suspended machine).
  void Excuse(absl::Duration now);

  // The reason for the verdict "hung", or nullopt. `away_since`: the coordinator is.
  std::optional<std::string> Verdict(absl::Duration now, std::optional<absl::Duration> away_since) const;

  // Since step or activity changed; while data are opened or waited for, since a file was listed or a byte
  // read.
  absl::Duration since_progress(absl::Duration now) const { return now - last_progress_; }
  absl::Duration since_report(absl::Duration now) const { return now - last_report_; }

 private:
  absl::Duration silence_;
  absl::Duration group_timeout_;
  v1::Progress progress_;  // the newest
  absl::Duration last_report_;
  absl::Duration last_progress_;
};

}  // namespace simclr::agent
