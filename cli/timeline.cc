#include "cli/timeline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"

namespace simclr::cli {
namespace {

using google::protobuf::Timestamp;

// Builds the events in any order; a time that is not known gives no event.
class Events {
 public:
  void Add(const Timestamp& at, v1::Milestone event, int attempt, std::int64_t step, std::string message) {
    if (ToTime(at) == absl::InfinitePast()) return;
    v1::TimelineEvent& added = *timeline_.add_events();
    *added.mutable_at() = at;
    added.set_event(event);
    added.set_attempt(attempt);
    added.set_step(step);
    added.set_message(std::move(message));
  }

  v1::Timeline Take() {
    auto& events = *timeline_.mutable_events();
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& a, const auto& b) { return ToTime(a.at()) < ToTime(b.at()); });
    for (int i = 1; i < events.size(); ++i) {
      *events[i].mutable_since_before() = ToProto(ToTime(events[i].at()) - ToTime(events[i - 1].at()));
    }
    return std::move(timeline_);
  }

 private:
  v1::Timeline timeline_;
};

// "word: message"; a message that only repeats the word is left out.
std::string Words(const std::string& word, const std::string& message) {
  const bool repeats = absl::EqualsIgnoreCase(word, message);
  return message.empty() || repeats ? word : absl::StrCat(word, ": ", message);
}

// "43ms" below a second, "12.3s" below a minute, else "3h20m".
std::string Span(absl::Duration span) {
  if (span >= absl::Minutes(1)) return ShortDuration(span);
  if (span >= absl::Seconds(1)) return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(span));
  const std::int64_t milliseconds = absl::ToInt64Milliseconds(span);
  return milliseconds > 0 ? absl::StrCat(milliseconds, "ms") : "0s";
}

std::string Span(const google::protobuf::Duration& duration) {
  return Span(FromProto(duration));
}

// Since when the job waited for the attempt at `index`. Jobs of older versions do not say.
Timestamp QueuedAt(const v1::JobStatus& status, int index) {
  const v1::AttemptSummary& attempt = status.attempts(index);
  if (attempt.has_queued_at()) return attempt.queued_at();
  return index == 0 ? status.submitted_at() : status.attempts(index - 1).ended_at();
}

bool IsQueued(const v1::JobStatus& status) {
  return status.phase() == v1::PHASE_QUEUED && status.has_phase_since();
}

// Times at which the job came into the queue other than by its submission or by the end of an attempt.
void AddQueued(const v1::JobStatus& status, const Timestamp& at, int before, Events& events) {
  const Timestamp expected = before == 0 ? status.submitted_at() : status.attempts(before - 1).ended_at();
  if (ToTime(at) <= ToTime(expected)) return;
  events.Add(at, v1::MILESTONE_QUEUED, 0, 0,
             before == 0 ? "the job that it comes after succeeded" : "tried again");
}

// What was lost comes before the message, which may be a long piece of a log.
std::string EndOf(const v1::AttemptSummary& attempt) {
  const std::string cause = EnumPhrase(attempt.ended_by());
  if (!attempt.has_lost_time()) return Words(cause, attempt.message());
  return Words(absl::StrCat(cause, " (lost ", Span(attempt.lost_time()), ")"), attempt.message());
}

void AddAttempt(const v1::JobStatus& status, int index, Events& events) {
  const v1::AttemptSummary& attempt = status.attempts(index);
  const int number = attempt.attempt();
  AddQueued(status, QueuedAt(status, index), index, events);
  events.Add(attempt.placed_at(), v1::MILESTONE_PLACED, number, 0, "");
  events.Add(attempt.running_at(), v1::MILESTONE_TRAINING, number, attempt.resumed_from_step(), "");
  events.Add(attempt.stopping_at(), v1::MILESTONE_CANCELLING, number, 0, "");
  events.Add(attempt.ended_at(), v1::MILESTONE_ATTEMPT_ENDED, number, attempt.step(), EndOf(attempt));
}

void AddBackoff(const v1::JobStatus& status, Events& events) {
  if (status.reason() != v1::REASON_BACKOFF || !status.has_not_before()) return;
  const absl::Duration wait = FromProto(status.not_before()) - FromProto(status.phase_since());
  events.Add(status.phase_since(), v1::MILESTONE_QUEUED, 0, 0,
             absl::StrCat("waits ", Span(wait), " before it is tried again"));
}

void AddDuration(google::protobuf::Duration& total, absl::Time from, absl::Time until) {
  if (from != absl::InfinitePast() && until > from) total = ToProto(FromProto(total) + (until - from));
}

absl::Time OrNow(const Timestamp& time, absl::Time now) {
  const absl::Time known = ToTime(time);
  return known == absl::InfinitePast() ? now : known;
}

void AddTotals(const v1::JobStatus& status, absl::Time now, v1::Timeline& timeline) {
  for (auto* total : {timeline.mutable_queued(), timeline.mutable_starting(), timeline.mutable_training(),
                      timeline.mutable_lost()}) {
    *total = ToProto(absl::ZeroDuration());
  }
  for (int i = 0; i < status.attempts_size(); ++i) {
    const v1::AttemptSummary& attempt = status.attempts(i);
    const absl::Time end = OrNow(attempt.ended_at(), now);
    AddDuration(*timeline.mutable_queued(), ToTime(QueuedAt(status, i)), ToTime(attempt.placed_at()));
    AddDuration(*timeline.mutable_starting(), ToTime(attempt.placed_at()), OrNow(attempt.running_at(), end));
    AddDuration(*timeline.mutable_training(), ToTime(attempt.running_at()), end);
    *timeline.mutable_lost() = ToProto(FromProto(timeline.lost()) + FromProto(attempt.lost_time()));
  }
  if (IsQueued(status)) AddDuration(*timeline.mutable_queued(), ToTime(status.phase_since()), now);
}

std::string CheckpointMessage(const v1::Checkpoint& checkpoint) {
  return absl::StrCat(ShortBytes(checkpoint.bytes()), " written in ", Span(checkpoint.write_time()));
}

std::vector<std::string> Row(const v1::TimelineEvent& event) {
  const bool has_step = event.event() == v1::MILESTONE_TRAINING ||
                        event.event() == v1::MILESTONE_CHECKPOINT ||
                        event.event() == v1::MILESTONE_ATTEMPT_ENDED;
  return {absl::StrCat("  ", LocalTime(event.at())),
          event.has_since_before() ? absl::StrCat("+", Span(event.since_before())) : "-",
          EnumPhrase(event.event()),
          event.attempt() > 0 ? absl::StrCat(event.attempt()) : "-",
          has_step ? absl::StrCat(event.step()) : "-",
          OrDash(FirstLine(event.message()))};
}

// How many checkpoints follow each other from `first` on.
int RunOfCheckpoints(const v1::Timeline& timeline, int first) {
  int next = first;
  while (next < timeline.events_size() && timeline.events(next).event() == v1::MILESTONE_CHECKPOINT) ++next;
  return next - first;
}

}  // namespace

v1::Timeline TimelineOf(const v1::Job& job, const v1::ListCheckpointsResponse& checkpoints, absl::Time now) {
  const v1::JobStatus& status = job.status();
  Events events;
  events.Add(status.submitted_at(), v1::MILESTONE_SUBMITTED, 0, 0,
             job.owner().empty() ? "" : absl::StrCat("by ", job.owner()));
  for (int i = 0; i < status.attempts_size(); ++i) AddAttempt(status, i, events);
  AddBackoff(status, events);
  if (IsQueued(status)) AddQueued(status, status.phase_since(), status.attempts_size(), events);
  if (status.phase() == v1::PHASE_STOPPING) {
    events.Add(status.phase_since(), v1::MILESTONE_CANCELLING, status.attempt(), 0, "");
  }
  for (const v1::Checkpoint& checkpoint : checkpoints.checkpoints()) {
    events.Add(checkpoint.committed_at(), v1::MILESTONE_CHECKPOINT, checkpoint.attempt(), checkpoint.step(),
               CheckpointMessage(checkpoint));
  }
  if (IsEnded(status.phase())) {
    events.Add(status.ended_at(), v1::MILESTONE_ENDED, 0, 0,
               Words(EnumWord(status.phase()), status.message()));
  }
  v1::Timeline timeline = events.Take();
  AddTotals(status, now, timeline);
  return timeline;
}

std::string TimelineText(const v1::Timeline& timeline) {
  constexpr int kShownOfRun = 3;
  Table table({"  TIME", "SINCE BEFORE", "EVENT", "ATTEMPT", "STEP", "MESSAGE"});
  for (int i = 0; i < timeline.events_size(); ++i) {
    table.AddRow(Row(timeline.events(i)));
    const int run = RunOfCheckpoints(timeline, i);
    if (run <= kShownOfRun) continue;
    table.AddRow({"  ...", "...", "checkpoint", "...", "...", absl::StrCat(run - 2, " more")});
    i += run - 2;  // the last of them follows
  }
  return absl::StrCat(table.Text(), "  In total: queued ", Span(timeline.queued()), ", starting ",
                      Span(timeline.starting()), ", training ", Span(timeline.training()), ", of which lost ",
                      Span(timeline.lost()), "\n");
}

}  // namespace simclr::cli
