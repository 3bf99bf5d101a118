// Rows: submissions on an empty database and beside a history.
#include "absl/strings/str_cat.h"
#include "bench/control_plane/rows.h"
#include "bench/control_plane/submitters.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr int kClients[] = {1, 4, 16, 64};

absl::Status Measure(Bench& bench, const RunningCoordinator& coordinator, int clients) {
  const std::string name = absl::StrCat(clients, clients == 1 ? " client" : " clients");
  SIMCLR_ASSIGN_OR_RETURN(const Submissions done,
                          SubmitFor(coordinator.address(), bench.pki, clients, bench.options.window));
  std::string remark;
  for (const auto& [message, count] : done.refused) absl::StrAppend(&remark, "ended early: ", message, " ");
  bench.report.Add(name, done.PerSecond(), "/s", remark);
  bench.report.AddLatencies(name, done.latencies);
  return absl::OkStatus();
}

}  // namespace

absl::Status RunSubmitEmpty(Bench& bench, const CoordinatorSetup& setup) {
  for (const int clients : kClients) {
    SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(setup.directory));
    SIMCLR_ASSIGN_OR_RETURN(const auto coordinator, RunningCoordinator::Start(setup));
    SIMCLR_RETURN_IF_ERROR(Measure(bench, *coordinator, clients));
  }
  return absl::OkStatus();
}

absl::Status RunSubmitHistory(Bench& bench, const CoordinatorSetup& setup) {
  SIMCLR_ASSIGN_OR_RETURN(const Loaded loaded,
                          StartLoaded(bench, setup, bench.options.ended, bench.options.queued));
  bench.report.Add("ended jobs", bench.options.ended, "");
  bench.report.Add("queued jobs at the start", loaded.queued, "");
  for (const int clients : kClients) SIMCLR_RETURN_IF_ERROR(Measure(bench, *loaded.coordinator, clients));
  return absl::OkStatus();
}

}  // namespace simclr::bench
