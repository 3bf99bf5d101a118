#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/collect/adopt.h"
#include "coordinator/collect/collector.h"
#include "coordinator/core/coordinator.h"
#include "tests/simulation/artifacts.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/killed.h"
#include "tests/simulation/tally.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_journal.h"

namespace simclr::simulation {

// What the disk and the process do at the next append.
struct JournalFaults {
  bool full = false;
  bool busy = false;
  absl::Duration slow;
  bool kill_before = false;
  bool kill_after = false;
  bool unknown_end = false;  // it fails, and whether it is durable is left to chance
};

// One stream of an agent process.
struct SessionId {
  std::uint64_t nonce = 0;
  int number = 0;
  int epoch = 0;  // of the coordinator process that it leads to

  auto operator<=>(const SessionId&) const = default;
};

// The coordinator's process with its doors, as server/ has them: the real core and collector, that can be
// killed and started again on the same disk or on an older copy of it.
class Server {
 public:
  using Answer = std::function<void(absl::StatusOr<v1::Desired>)>;  // on a session: orders, or its end

  Server(FakeClock& clock, Dice& dice, Tally& tally, Checks& checks, const Artifacts& artifacts);
  ~Server();

  void Start();
  void Kill();
  bool up() const { return coordinator_ != nullptr; }
  int epoch() const { return epoch_; }

  // Calls from outside. nullopt: no answer comes, it is away or died over it.
  void Observe(const SessionId& session, v1::Observed observed, const Answer& answer);
  void EndSession(const SessionId& session);
  std::optional<absl::Status> ReportExit(v1::ReportExitRequest exit);
  std::optional<absl::Status> Commit(v1::CommitCheckpointRequest commit);
  std::optional<absl::Status> PushMetrics(v1::PushMetricsRequest push);
  std::optional<absl::Status> LogArchived(v1::LogArchivedRequest archived);
  std::optional<absl::StatusOr<v1::Job>> Submit(const v1::SubmitJobRequest& request, const std::string& user);
  std::optional<absl::StatusOr<v1::Job>> Cancel(const std::string& job, const std::string& user);
  std::optional<absl::StatusOr<v1::Job>> Get(const std::string& job);
  std::optional<absl::StatusOr<v1::DeleteJobsResponse>> Delete(const v1::DeleteJobsRequest& request,
                                                               const std::string& user);
  std::optional<absl::StatusOr<v1::PruneJobsResponse>> Prune(const v1::PruneJobsRequest& request,
                                                             const std::string& user);
  // All pages of a list.
  std::optional<absl::StatusOr<std::vector<v1::Job>>> List(v1::ListJobsRequest request);

  std::optional<absl::StatusOr<std::vector<v1::JobChange>>> ChangesAfter(std::int64_t revision);

  void Tick();           // time passes
  void Push();           // orders that changed
  void Collect();        // the collector has its turn
  void DeleteExpired();  // and the retention
  void Snapshot();
  void CompareState();
  void CheckMetricsOfDeleted();

  void Backup() { backup_ = disk_; }
  // False: there is no copy.
  bool Restore();
  // False: there is nothing to repair.
  bool Repair();
  bool went_back() const { return went_back_; }
  // What `simclr-coordinator adopt` does, of a coordinator that is stopped for it.
  void Adopt(const coordinator::AdoptOptions& options);

  JournalFaults faults;
  const coordinator::MemoryDisk& disk() const { return disk_; }

 private:
  class Journal;
  struct Session {
    std::string worker;
    Answer answer;
    std::int64_t sequence = 0;
    std::string last;  // orders
  };

  void Open();
  void GoBack(const coordinator::MemoryDisk& disk);
  template <typename Call>
  auto Run(Call call) -> std::optional<decltype(call())>;
  void Send(Session& session, v1::Desired desired);
  absl::Status NoteRefusal(const absl::Status& status);

  FakeClock& clock_;
  Dice& dice_;
  Tally& tally_;
  Checks& checks_;
  const Artifacts& artifacts_;
  const coordinator::KeepEndedJobs keep_;
  const absl::Duration started_;
  const absl::Time started_at_wall_;
  coordinator::MemoryDisk disk_;
  std::optional<coordinator::MemoryDisk> backup_;
  int restores_ = 0;  // from the backup
  bool went_back_ = false;
  coordinator::CollectorObserver collected_;
  coordinator::MemoryStepMetrics metrics_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<coordinator::MemoryEndedJobs> ended_;
  std::unique_ptr<coordinator::Coordinator> coordinator_;
  std::unique_ptr<coordinator::Collector> collector_;
  std::map<SessionId, Session> sessions_;
  std::int64_t pushed_ = 0;  // change of the coordinator
  int epoch_ = 0;
};

template <typename Call>
auto Server::Run(Call call) -> std::optional<decltype(call())> {
  if (!up()) return std::nullopt;
  try {
    return call();
  } catch (const Killed&) {
    Kill();
    return std::nullopt;
  }
}

}  // namespace simclr::simulation
