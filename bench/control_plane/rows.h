#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/control_plane/bench_pki.h"
#include "bench/control_plane/programs.h"
#include "bench/control_plane/report.h"

namespace simclr::bench {

struct BenchOptions {
  std::string programs;   // folder of the programs that are measured
  std::string slow_sync;  // library that makes a program's syncs slow; empty: beside this program
  std::string scratch;    // own directory, on the disk that is measured
  int ended = 100'000;
  int queued = 10'000;
  absl::Duration window = absl::Seconds(5);  // of one measurement
};

// What all rows share.
struct Bench {
  BenchOptions options;
  BenchPki pki;
  Report report;
};

// One row of the table: starts its own coordinator in a directory of its own, measures, leaves nothing
// running.
struct Row {
  std::string name;
  std::string title;
  absl::Status (*run)(Bench& bench, const CoordinatorSetup& setup);
};

// In the order in which they run.
const std::vector<Row>& Rows();

// A coordinator over that many jobs. Where the programs hold fewer open jobs than are asked for, it starts
// over with as many as they take (`queued` says how many), leaving room for a thousand more.
struct Loaded {
  std::unique_ptr<RunningCoordinator> coordinator;
  int queued = 0;
};
absl::StatusOr<Loaded> StartLoaded(Bench& bench, const CoordinatorSetup& setup, int ended, int queued);

// The rows, one group a file.
absl::Status RunFsync(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunSubmitEmpty(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunSubmitHistory(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunCluster(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunHeartbeats(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunLists(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunRestart(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunMemory(Bench& bench, const CoordinatorSetup& setup);
absl::Status RunSlowSync(Bench& bench, const CoordinatorSetup& setup);

}  // namespace simclr::bench
