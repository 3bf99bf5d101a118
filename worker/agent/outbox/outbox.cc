#include "worker/agent/outbox/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/text.h"

namespace simclr::agent {
namespace {

// What gRPC lets pass; it would answer as if the coordinator's disk were full.
constexpr std::size_t kMaxReportBytes = 4 << 20;

bool IsMetrics(const Report& report) {
  return std::holds_alternative<v1::PushMetricsRequest>(report);
}

// Success stands for a last checkpoint that counts.
v1::ReportExitRequest WithoutCheckpoint(v1::ReportExitRequest exit) {
  exit.set_failure(v1::FAILURE_CLASS_CRASH);
  exit.clear_results();
  exit.set_message(
      "the coordinator refused the last checkpoint, which lies in the agent's quarantine; the job goes on "
      "from the "
      "one before");
  return exit;
}

}  // namespace

Outbox::Outbox(const OutboxOptions& options, Files& files, CoordinatorClient& coordinator, const Clock& clock,
               SpoolContents inherited, std::uint64_t seed)
    : options_(options),
      files_(files),
      coordinator_(coordinator),
      clock_(clock),
      facts_(options.retry, seed),
      metrics_(options.retry, seed + 1) {
  absl::MutexLock lock(&mutex_);
  Inherit(std::move(inherited));
}

void Outbox::Inherit(SpoolContents contents) {
  next_sequence_ = contents.last_sequence + 1;
  counts_.quarantined = contents.quarantined;
  for (const SpoolItem& item : contents.lost_commits) {
    const absl::StatusOr<Report> commit = ParseReport(item.kind, item.bytes);
    if (commit.ok()) lost_checkpoint_.insert(RankOf(*commit));
  }
  for (SpoolItem& item : contents.items) {
    absl::StatusOr<Report> report = ParseReport(item.kind, item.bytes);
    if (report.ok()) {
      Append({item.sequence, std::make_shared<const Report>(*std::move(report)), /*inherited=*/true});
    } else {
      InheritDamaged(std::move(item), report.status());
    }
  }
}

void Outbox::InheritDamaged(SpoolItem item, const absl::Status& damage) {
  const SpoolKind kind = item.kind;
  // A torn piece of a curve is no loss that anybody would look into.
  if (kind == SpoolKind::kMetrics) return files_.Forget(item.sequence, kind);
  absl::StatusOr<v1::ReportExitRequest> bare = absl::NotFoundError("it is no exit");
  if (kind == SpoolKind::kExit) bare = BareExit(ReadableExit(item.bytes), damage.message());
  files_.PutAside(std::move(item), std::string(damage.message()));
  ++counts_.quarantined;
  counts_.newest_refusal = std::string(damage.message());
  LogWarning("a damaged report is put aside",
             {{"cause", damage.ToString()}, {"reported bare", bare.ok() ? "yes" : "no"}});
  if (!bare.ok()) return;
  Item stand_in{next_sequence_++, std::make_shared<const Report>(*std::move(bare)), true, /*bare=*/true};
  files_.Keep({stand_in.sequence, kind, BytesOf(*stand_in.report)});
  Append(std::move(stand_in));
}

Outbox::Lane& Outbox::LaneOf(const Item& item) {
  return IsMetrics(*item.report) ? metrics_ : facts_;
}

void Outbox::Append(Item item) {
  Lane& lane = LaneOf(item);
  if (&lane == &facts_ && item.inherited) ++inherited_;
  lane.items.push_back(std::move(item));
  if (metrics_.items.size() <= options_.max_metrics) return;
  metrics_.items.pop_front();
  ++counts_.metrics_dropped;
}

void Outbox::Add(Report report) {
  {
    absl::MutexLock lock(&mutex_);
    Item item{next_sequence_++, std::make_shared<const Report>(std::move(report))};
    if (!IsMetrics(*item.report)) {
      files_.Keep({item.sequence, KindOf(*item.report), BytesOf(*item.report)});
    }
    Append(std::move(item));
  }
  wake().Raise();
}

void Outbox::Nudge() {
  {
    absl::MutexLock lock(&mutex_);
    for (Lane* lane : {&facts_, &metrics_}) {
      lane->retry_at = -absl::InfiniteDuration();
      lane->backoff.Reset();
    }
    for (Item& item : metrics_.items) item.tries = 0;
  }
  wake().Raise();
}

void Outbox::Park() {
  absl::MutexLock lock(&mutex_);
  for (const Item& item : metrics_.items) {
    files_.Keep({item.sequence, SpoolKind::kMetrics, BytesOf(*item.report)});
  }
}

absl::Duration Outbox::RunOnce(absl::Duration now) {
  std::optional<Item> item;
  {
    absl::MutexLock lock(&mutex_);
    item = Next(now);
    if (!item.has_value()) return NextDue();
  }
  const absl::Status status = Deliver(*item->report);
  absl::MutexLock lock(&mutex_);
  Settle(*item, status);
  return now;
}

std::optional<Outbox::Item> Outbox::Next(absl::Duration now) {
  const bool metrics_due = !metrics_.items.empty() && now >= metrics_.retry_at;
  if (facts_.items.empty() || now < facts_.retry_at) {
    return metrics_due ? std::optional(metrics_.items.front()) : std::nullopt;
  }
  Item& head = facts_.items.front();
  const auto* exit = std::get_if<v1::ReportExitRequest>(head.report.get());
  if (exit == nullptr) return head;
  const RankKey rank = KeyOf(*exit);
  if (const Item* before = metrics_due ? UntriedMetricsOf(rank) : nullptr) return *before;
  if (exit->failure() == v1::FAILURE_CLASS_SUCCESS && lost_checkpoint_.contains(rank)) {
    head.report = std::make_shared<const Report>(WithoutCheckpoint(*exit));
  }
  return head;
}

const Outbox::Item* Outbox::UntriedMetricsOf(const RankKey& rank) const {
  for (const Item& item : metrics_.items) {
    if (item.tries == 0 && RankOf(*item.report) == rank) return &item;
  }
  return nullptr;
}

absl::Duration Outbox::NextDue() const {
  absl::Duration due = absl::InfiniteDuration();
  for (const Lane* lane : {&facts_, &metrics_}) {
    if (!lane->items.empty()) due = std::min(due, lane->retry_at);
  }
  return due;
}

absl::Status Outbox::Deliver(const Report& report) {
  if (const std::size_t bytes = BytesOf(report).size(); bytes > kMaxReportBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("it has ", bytes, " bytes; the coordinator takes ", kMaxReportBytes));
  }
  if (const auto* exit = std::get_if<v1::ReportExitRequest>(&report)) return coordinator_.ReportExit(*exit);
  if (const auto* commit = std::get_if<v1::CommitCheckpointRequest>(&report)) {
    return coordinator_.CommitCheckpoint(*commit);
  }
  if (const auto* log = std::get_if<v1::LogArchivedRequest>(&report)) return coordinator_.LogArchived(*log);
  return coordinator_.PushMetrics(std::get<v1::PushMetricsRequest>(report));
}

void Outbox::Settle(const Item& item, const absl::Status& status) {
  const Answer answer = JudgeAnswer(status);
  if (answer == Answer::kAway) return TryLater(item, /*everything=*/true, status);
  if (answer == Answer::kNotNow && !HoldsUpSession(item)) return TryLater(item, /*everything=*/true, status);
  if (answer == Answer::kDoubtful && item.tries + 1 < options_.tries) return TryLater(item, false, status);
  LaneOf(item).backoff.Reset();
  if (answer == Answer::kTaken || answer == Answer::kStale) {
    held_up_since_.reset();
    if (!status.ok()) LogWarning("a report comes too late", {{"cause", status.ToString()}});
    if (std::holds_alternative<v1::CommitCheckpointRequest>(*item.report)) {
      lost_checkpoint_.erase(RankOf(*item.report));
    }
    return Remove(item);
  }
  Refuse(item, status);
}

// The session of this agent does not begin before what was left to it is told.
bool Outbox::HoldsUpSession(const Item& item) {
  if (!item.inherited || IsMetrics(*item.report)) return false;
  const absl::Duration now = clock_.Monotonic();
  if (!held_up_since_.has_value()) held_up_since_ = now;
  return now - *held_up_since_ >= options_.inherited_limit;
}

void Outbox::TryLater(const Item& item, bool everything, const absl::Status& status) {
  Lane& lane = LaneOf(item);
  const auto same = std::find_if(lane.items.begin(), lane.items.end(),
                                 [&](const Item& other) { return other.sequence == item.sequence; });
  if (same != lane.items.end()) ++same->tries;
  lane.retry_at = clock_.Monotonic() + lane.backoff.Next();
  // Where facts do not come through, metrics need not be tried; the reverse does not hold.
  if (everything && &lane == &facts_) metrics_.retry_at = std::max(metrics_.retry_at, lane.retry_at);
  if (lane.backoff.failures() == 1) LogInfo("a report waits", {{"cause", status.ToString()}});
}

void Outbox::Remove(const Item& item) {
  Lane& lane = LaneOf(item);
  const bool fact = &lane == &facts_;
  const auto same = std::find_if(lane.items.begin(), lane.items.end(),
                                 [&](const Item& other) { return other.sequence == item.sequence; });
  if (same != lane.items.end()) lane.items.erase(same);
  if (fact && item.inherited) --inherited_;
  if (fact || item.inherited) files_.Forget(item.sequence, KindOf(*item.report));
}

void Outbox::Refuse(const Item& item, const absl::Status& status) {
  const SpoolKind kind = KindOf(*item.report);
  const std::string reason = PrintableLines(status.ToString(), kMaxMessageText);
  LogWarning("a report is refused for good", {{"job", RankOf(*item.report).job_id}, {"cause", reason}});
  if (kind == SpoolKind::kMetrics) ++counts_.metrics_dropped;
  // Nobody would look for these: the curve has a gap, the log lies in its place.
  if (kind == SpoolKind::kMetrics || kind == SpoolKind::kArchived) return Remove(item);
  files_.PutAside({item.sequence, kind, BytesOf(*item.report)}, reason);
  ++counts_.quarantined;
  counts_.newest_refusal = reason;
  if (kind == SpoolKind::kCommit) lost_checkpoint_.insert(RankOf(*item.report));
  Item& head = facts_.items.front();  // facts go one by one
  absl::StatusOr<v1::ReportExitRequest> bare = absl::NotFoundError("it is no exit");
  if (kind == SpoolKind::kExit && !item.bare) {
    bare = BareExit(std::get<v1::ReportExitRequest>(*item.report), reason);
  }
  if (bare.ok()) {
    head = {next_sequence_++, std::make_shared<const Report>(*std::move(bare)), item.inherited,
            /*bare=*/true};
    files_.Keep({head.sequence, kind, BytesOf(*head.report)});
    return;
  }
  if (item.inherited) --inherited_;
  facts_.items.pop_front();
}

bool Outbox::settled() const {
  absl::MutexLock lock(&mutex_);
  return inherited_ == 0;
}

Outbox::Figures Outbox::figures() const {
  absl::MutexLock lock(&mutex_);
  Figures figures = counts_;
  figures.facts = facts_.items.size();
  figures.metrics = metrics_.items.size();
  return figures;
}

}  // namespace simclr::agent
