#include "coordinator/server/job_streams.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kPatience = absl::Milliseconds(500);  // between looks at whether to stop
constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kMaxBaseBytes = 32;  // of an offset as text
constexpr int kPageOfWatch = 1000;
constexpr int kLooksForCatchUp =
    10;                            // x kPatience: how long one-time readers of a live log wait for its agent
constexpr int kLooksForFile = 20;  // how long after an attempt's end its log may take to arrive
constexpr absl::Duration kArchiveLimit =
    absl::Minutes(10);  // after an attempt's end, before nobody waits for its log

absl::Status CheckGoesOn(const ServiceContext& service, const grpc::ServerContext& context) {
  if (context.IsCancelled()) return absl::CancelledError("the client went away");
  if (service.stopping.HasBeenNotified()) return absl::UnavailableError("the coordinator stops; ask again");
  return absl::OkStatus();
}

absl::Status ClientGone() {
  return absl::CancelledError("the client went away");
}

absl::StatusOr<std::set<std::string>> ResolveAll(const ServiceContext& service,
                                                 const v1::WatchJobsRequest& request) {
  std::set<std::string> ids;
  for (const std::string& reference : request.jobs()) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(reference));
    ids.insert(job.id());
  }
  return ids;
}

// The rank of the job's last attempt whose log is at `path`.
std::optional<FollowedRank> RankOfLog(const v1::Job& job, const std::string& path) {
  if (job.status().attempts().empty()) return std::nullopt;
  const v1::AttemptSummary& last = *job.status().attempts().rbegin();
  for (const v1::Placement& placed : job.status().placement()) {
    const std::string name = absl::StrCat(AttemptName(last.attempt(), last.nonce()), "-r", placed.rank());
    if (path == absl::StrCat("logs/", name, ".log"))
      return FollowedRank{job.id(), last.attempt(), placed.rank()};
  }
  return std::nullopt;
}

bool IsLive(const ServiceContext& service, const FollowedRank& rank) {
  const auto job = service.coordinator.GetJob(std::get<0>(rank));
  if (!job.ok() || job->status().attempt() != std::get<1>(rank)) return false;
  return std::get<2>(rank) < job->status().placement_size() &&
         !job->status().attempts(job->status().attempts_size() - 1).has_ended_at();
}

// The agent tells the end of a rank before its log is in the artifact root.
bool MayStillArrive(const v1::Job& job) {
  const v1::AttemptSummary& last = *job.status().attempts().rbegin();
  return absl::Now() - FromProto(last.ended_at()) < kArchiveLimit;
}

absl::Status CheckStart(const v1::ReadArtifactRequest& request) {
  if (request.offset() >= 0 && request.tail_lines() >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("offset is ", request.offset(), " and tail_lines is ",
                                                 request.tail_lines(), "; neither may be negative"));
}

bool Send(grpc::ServerWriter<v1::ArtifactChunk>& writer, std::string data, std::int64_t offset) {
  v1::ArtifactChunk chunk;
  chunk.set_offset(offset);
  chunk.set_data(std::move(data));
  return writer.Write(chunk);
}

// Where in its log an archived file begins: what was before it was rotated away.
std::int64_t BaseOf(const ServiceContext& service, const v1::Job& job, const std::string& path,
                    const std::optional<FollowedRank>& rank) {
  if (rank.has_value()) {
    const v1::AttemptSummary& last = *job.status().attempts().rbegin();
    const auto log = service.coordinator.archived_logs().Find(
        {job.id(), last.attempt(), last.nonce(), std::get<2>(*rank)});
    if (log.has_value()) return log->base_offset;
  }
  const absl::StatusOr<ArtifactFile> file = service.artifacts.Open(job.id(), absl::StrCat(path, ".base"));
  if (!file.ok()) return 0;
  const absl::StatusOr<std::string> text = file->ReadAt(0, kMaxBaseBytes);
  std::int64_t base = 0;
  return text.ok() && absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &base) ? base : 0;
}

// What the request asks of a file whose first byte has the offset `base`, from `offset` on.
absl::Status SendFile(const ServiceContext& service, const grpc::ServerContext& context,
                      const ArtifactFile& file, std::int64_t base, std::int64_t offset,
                      grpc::ServerWriter<v1::ArtifactChunk>& writer) {
  offset = std::max(offset, base);
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(std::string bytes, file.ReadAt(offset - base, kChunkBytes));
    if (bytes.empty()) return absl::OkStatus();
    const std::int64_t size = static_cast<std::int64_t>(bytes.size());
    if (!Send(writer, std::move(bytes), offset)) return ClientGone();
    offset += size;
  }
}

// Where in a live log to begin: everything that the agent has at first, cut to its last lines.
struct LiveLog {
  std::int64_t offset = 0;
  std::int64_t tail_lines = 0;  // 0: done, or not asked for
};

absl::Status SendPiece(LogTails::Reader::Piece piece, LiveLog& log,
                       grpc::ServerWriter<v1::ArtifactChunk>& writer) {
  if (log.tail_lines > 0) {
    if (!piece.caught_up) return absl::OkStatus();  // the end is not known yet
    const std::size_t start = StartOfLastLines(piece.data, log.tail_lines);
    piece.data.erase(0, start);
    piece.offset += static_cast<std::int64_t>(start);
    log.tail_lines = 0;
  }
  while (!piece.data.empty()) {
    std::string part = piece.data.substr(0, kChunkBytes);
    piece.data.erase(0, part.size());
    const std::int64_t at = piece.offset;
    piece.offset += static_cast<std::int64_t>(part.size());
    if (!Send(writer, std::move(part), at)) return ClientGone();
  }
  log.offset = piece.offset;
  return absl::OkStatus();
}

absl::Status NotArchived(const std::string& path) {
  return absl::NotFoundError(absl::StrCat(
      path, " is not in the artifact root yet; simclrctl describe worker says what its agent waits for"));
}

// The log of a running rank, and what is left of it in the artifact root when the rank has ended.
absl::Status SendLiveLog(const ServiceContext& service, const grpc::ServerContext& context,
                         const v1::Job& job, const v1::ReadArtifactRequest& request, const FollowedRank& rank,
                         grpc::ServerWriter<v1::ArtifactChunk>& writer) {
  const LogTails::Reader reader(service.log_tails, rank);
  LiveLog log{request.offset(), request.tail_lines()};
  std::int64_t change = 0;
  int looks_without_catch_up = 0, looks_after_end = 0;
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    if (const auto file = service.artifacts.Open(std::get<0>(rank), request.path()); file.ok()) {
      const std::int64_t base = BaseOf(service, job, request.path(), rank);
      if (log.tail_lines > 0) {
        SIMCLR_ASSIGN_OR_RETURN(log.offset, file->OffsetOfLastLines(log.tail_lines));
        log.offset += base;
      }
      return SendFile(service, context, *file, base, log.offset, writer);
    }
    const bool live = IsLive(service, rank);
    if (!live && ++looks_after_end > kLooksForFile) {
      return log.offset > request.offset() ? absl::OkStatus() : NotArchived(request.path());
    }
    const LogTails::Reader::Piece piece = reader.Wait(log.offset, live ? kPatience : absl::ZeroDuration());
    const bool idle = piece.data.empty();
    const bool caught_up = piece.caught_up;
    SIMCLR_RETURN_IF_ERROR(SendPiece(piece, log, writer));
    looks_without_catch_up += caught_up ? 0 : 1;
    if (!request.follow() && (caught_up || looks_without_catch_up > kLooksForCatchUp))
      return absl::OkStatus();
    if (idle) change = service.coordinator.WaitForChange(change, kPatience);
  }
}

}  // namespace

namespace {

// Tells a watcher of jobs, each time only what he was not told yet.
class ChangeWriter {
 public:
  explicit ChangeWriter(grpc::ServerWriter<v1::JobChange>& writer) : writer_(writer) {}

  absl::Status Tell(const v1::JobChange& change) {
    const std::string& id = change.job().id();
    if (change.deleted()) sent_.erase(id);
    std::string bytes = change.job().SerializeAsString();
    if (sent_[id] == bytes) return absl::OkStatus();
    if (!writer_.Write(change)) return ClientGone();
    sent_[id] = std::move(bytes);
    return absl::OkStatus();
  }

  absl::Status Tell(const v1::Job& job, std::int64_t revision) {
    v1::JobChange change;
    change.set_revision(revision);
    *change.mutable_job() = job;
    return Tell(change);
  }

 private:
  grpc::ServerWriter<v1::JobChange>& writer_;
  std::map<std::string, std::string> sent_;  // last message by job
};

// The present state of the jobs `wanted`, or of all, as of `revision`.
absl::Status TellPresent(const ServiceContext& service, const grpc::ServerContext& context,
                         const std::set<std::string>& wanted, std::int64_t revision, ChangeWriter& writer) {
  for (const std::string& id : wanted) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(id));
    SIMCLR_RETURN_IF_ERROR(writer.Tell(job, revision));
  }
  if (!wanted.empty()) return absl::OkStatus();
  v1::ListJobsRequest page;
  page.set_page_size(kPageOfWatch);
  do {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(const v1::ListJobsResponse jobs, service.coordinator.ListJobs(page));
    for (const v1::Job& job : jobs.jobs()) SIMCLR_RETURN_IF_ERROR(writer.Tell(job, revision));
    page.set_page_token(jobs.next_page_token());
  } while (!page.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::Status StreamJobChanges(const ServiceContext& service, const grpc::ServerContext& context,
                              const v1::WatchJobsRequest& request,
                              grpc::ServerWriter<v1::JobChange>& writer) {
  SIMCLR_ASSIGN_OR_RETURN(const std::set<std::string> wanted, ResolveAll(service, request));
  std::int64_t revision = request.since_revision();
  ChangeWriter told(writer);
  if (revision == 0) {
    revision = service.coordinator.revision();  // what changes while the present state is told is told again
    SIMCLR_RETURN_IF_ERROR(TellPresent(service, context, wanted, revision, told));
  }
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    const std::int64_t change = service.coordinator.WaitForChange(0, absl::ZeroDuration());
    SIMCLR_ASSIGN_OR_RETURN(const auto changes, service.coordinator.ChangedJobs(revision, wanted));
    for (const v1::JobChange& now : changes.changes) SIMCLR_RETURN_IF_ERROR(told.Tell(now));
    revision = std::max(revision, changes.revision);
    service.coordinator.WaitForChange(change, kPatience);
  }
}

absl::Status StreamStepMetrics(const ServiceContext& service, const grpc::ServerContext& context,
                               const v1::StreamMetricsRequest& request,
                               grpc::ServerWriter<v1::StepMetrics>& writer) {
  std::int64_t since = request.since_step();
  std::int64_t change = 0;
  int attempt = 0;
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(request.job()));
    // A new attempt measures again what it undid.
    if (attempt != 0 && job.status().attempt() != attempt && job.status().phase() == v1::PHASE_RUNNING) {
      since = std::min(since, job.status().resumed_from_step());
    }
    if (job.status().phase() == v1::PHASE_RUNNING) attempt = job.status().attempt();
    SIMCLR_ASSIGN_OR_RETURN(const auto samples, service.coordinator.ReadMetrics(job.id(), since));
    for (const v1::StepMetrics& sample : samples) {
      if (!writer.Write(sample)) return ClientGone();
      since = sample.step();
    }
    if (!request.follow() || IsTerminal(job.status().phase())) return absl::OkStatus();
    change = service.coordinator.WaitForChange(change, kPatience);
  }
}

absl::Status StreamArtifact(const ServiceContext& service, const grpc::ServerContext& context,
                            const v1::Job& job, const v1::ReadArtifactRequest& request,
                            grpc::ServerWriter<v1::ArtifactChunk>& writer) {
  SIMCLR_RETURN_IF_ERROR(CheckStart(request));
  const std::optional<FollowedRank> rank = RankOfLog(job, request.path());
  const absl::StatusOr<ArtifactFile> file = service.artifacts.Open(job.id(), request.path());
  if (file.ok()) {
    const std::int64_t base = BaseOf(service, job, request.path(), rank);
    std::int64_t offset = request.offset();
    if (request.tail_lines() > 0) {
      SIMCLR_ASSIGN_OR_RETURN(offset, file->OffsetOfLastLines(request.tail_lines()));
      offset += base;
    }
    return SendFile(service, context, *file, base, offset, writer);
  }
  if (!absl::IsNotFound(file.status()) || !rank) return file.status();
  if (!IsLive(service, *rank) && !MayStillArrive(job)) return file.status();
  return SendLiveLog(service, context, job, request, *rank, writer);
}

}  // namespace simclr::coordinator
