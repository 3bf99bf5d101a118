#include "tests/simulation/history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/state/job_record.h"

namespace simclr::simulation {
namespace {

constexpr int kAgents = 3;
constexpr int kSlots = 2;
constexpr std::int64_t kEvents = 200;  // at least
constexpr std::size_t kFamilies = 3;   // at least
constexpr int kMostRounds = 3000;
constexpr absl::Duration kRetentionInterval = absl::Seconds(30);
constexpr int kLooksADay = 10;  // of the collector, enough for all that a history leaves
constexpr absl::Duration kAllAreBack = absl::Minutes(2);   // who is there then is all there is
constexpr absl::Duration kEndsWithin = absl::Minutes(40);  // of virtual time, once all is calm

}  // namespace

History::History(std::uint64_t seed) : dice_(seed) {
  for (int i = 0; i < 2 * kAgents; ++i) {
    agents_.push_back(
        std::make_unique<ModelAgent>(surroundings_, i, absl::StrCat("worker-", i % kAgents), kSlots));
    if (i >= kAgents) agents_.back()->StopProcess();  // for a second one of the name
  }
  away_until_.resize(agents_.size());
  cut_until_.resize(agents_.size());
}

void History::Run() {
  int round = 0;
  while (violation().empty() && round < kMostRounds &&
         (tally_.journaled < kEvents || tally_.families.size() < kFamilies || round < 150)) {
    ++round;
    Round(/*calm=*/false);
    if (round % 16 == 0) server_.CompareState();
  }
  if (round == kMostRounds) checks_.Violate("the history is too short of events");
  Calm();
  const absl::Duration calm_since = clock_.Monotonic();
  while (violation().empty() && !IsQuiet() && clock_.Monotonic() < calm_since + kEndsWithin) {
    Round(/*calm=*/true);
    if (clock_.Monotonic() > calm_since + kAllAreBack) users_.GiveUpWhatNeverFits();
  }
  if (violation().empty()) CheckEnd();
}

void History::Round(bool calm) {
  if (!calm) Disturb();
  UsersAct();
  Train(agents_, surroundings_, calm);
  for (auto& agent : agents_) agent->Act();
  AllowForTime(absl::Milliseconds(dice_.Between(400, 1600)));
  server_.Tick();
  server_.Push();
  CleanUp();
}

// What the server does now and then on threads of its own.
void History::CleanUp() {
  if (dice_.Chance(0.3)) server_.Collect();
  if (clock_.Monotonic() < expire_at_) return;
  expire_at_ = clock_.Monotonic() + kRetentionInterval;
  server_.DeleteExpired();
}

void History::AllowForTime(absl::Duration duration) {
  network_.RunUntil(clock_.Monotonic() + duration, [this] {
    if (dice_.Chance(0.25)) server_.Tick();
  });
}

void History::UsersAct() {
  users_.AskAgain();
  if (dice_.Chance(0.02)) users_.Look();
  if (dice_.Chance(0.05)) users_.LookForDeleted();
  if (dice_.Chance(0.2)) users_.Follow();
}

void History::Calm() {
  network_.Calm();
  users_.Calm();
  server_.faults = JournalFaults();
  artifacts_.faults = StorageFaults();
  if (!server_.up()) server_.Start();
  if (server_.went_back()) server_.Adopt({});
  if (!server_.up()) server_.Start();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    ModelAgent& agent = *agents_[i];
    const bool wanted = i < kAgents;
    // People stop the second one of a name, and start again what was replaced. Some of what broke stays so.
    if (agent.up() && (!wanted || agent.replaced() || agent.left())) agent.StopProcess();
    if (wanted && !agent.up()) agent.StartProcess();
    agent.SwapBuild("new");  // the update is over
    for (int slot = 0; slot < agent.slots(); ++slot) {
      if (dice_.Chance(0.5)) agent.BreakSlot(slot, false);
    }
  }
}

bool History::IsQuiet() const {
  return !users_.waits() && checks_.durable().open_jobs() == 0 && checks_.durable().condemned().empty();
}

void History::CheckEnd() {
  server_.CompareState();
  checks_.CompareReplay(server_.disk(), dice_.Bits());
  checks_.CheckAcknowledgedJobs(server_.disk());
  users_.Look();
  if (!IsQuiet()) {
    std::string open;
    for (const auto& [id, record] : checks_.durable().jobs()) {
      absl::StrAppend(&open, " ", id, " (", v1::Phase_Name(record->job().status().phase()), ", ",
                      v1::Reason_Name(record->job().status().reason()), ")");
    }
    checks_.Violate(absl::StrCat("not every job ended once all was calm:", open, "; ",
                                 checks_.durable().condemned().size(), " paths to be collected"));
  }
  if (IsQuiet()) users_.CheckFollowed();
  if (!checks_.durable().allocations().empty() && IsQuiet())
    checks_.Violate("slots are held, but no job is open");
  if (violation().empty()) LetADayPass();
  if (violation().empty()) LetAMonthPass();
}

// Of a clock that was set right again: the times of events never go back, so that some may be in the future.
void History::LetADayPass() {
  clock_.JumpWall(std::max(absl::ZeroDuration(), checks_.durable().at() - clock_.Now()));
  clock_.Advance(absl::Hours(26));
  server_.DeleteExpired();
  checks_.CheckNobodyIsOverdue();
  for (int i = 0; i < kLooksADay; ++i) server_.Collect();
  checks_.CheckFiles(artifacts_);
  server_.CheckMetricsOfDeleted();
}

// With the next event the tombstones of now are forgotten.
void History::LetAMonthPass() {
  clock_.Advance(coordinator::kTombstoneLife);
  const auto job = server_.Submit(users_.NextRequest(), "ann");
  if (!job.has_value() || !job->ok()) checks_.Violate("no job can be submitted after a month");
  checks_.CheckTombstonesAreForgotten();
  users_.LookForForgotten();
  server_.CompareState();
}

}  // namespace simclr::simulation
