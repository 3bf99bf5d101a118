#include "coordinator/server/read_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log_name.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "coordinator/server/file_sender.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kWait = absl::Seconds(2);          // an agent waits so long for a new byte
constexpr absl::Duration kAnswerLimit = absl::Seconds(10);  // beside that
constexpr absl::Duration kAgentLimit = absl::Seconds(10);   // an agent may be on its way back
constexpr std::size_t kMaxBaseBytes = 32;
constexpr absl::Duration kPatience = absl::Milliseconds(500);

// Which log, and who has it.
struct LogPlace {
  std::string job_id;
  int attempt = 0;
  std::string nonce;
  int rank = 0;
  std::string worker;

  std::string path() const { return ArchivedLogName(attempt, nonce, rank); }
};

absl::StatusOr<LogPlace> FindLog(const ServiceContext& service, const v1::Job& job,
                                 const v1::ReadLogRequest& request) {
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr record, service.coordinator.GetRecord(job.id()));
  const int attempt = request.attempt() == 0 ? job.status().attempt() : request.attempt();
  if (attempt == 0) {
    return absl::NotFoundError(absl::StrCat("job ", job.id(), " has no log yet: it is ",
                                            EnumWord(job.status().phase()), "; logs -f waits for it"));
  }
  const v1::AttemptRecord* placed = FindAttempt(*record, attempt);
  if (placed == nullptr) {
    return absl::NotFoundError(absl::StrCat("job ", job.id(), " has no attempt ", attempt, "; its newest is ",
                                            job.status().attempt()));
  }
  LogPlace place{job.id(), attempt, placed->nonce(), request.rank(), ""};
  for (const v1::RankRecord& held : placed->ranks()) {
    if (held.rank() == request.rank()) place.worker = held.worker();
  }
  if (request.rank() >= job.spec().resources().ranks()) {
    return absl::NotFoundError(absl::StrCat("job ", job.id(), " has no rank ", request.rank(),
                                            "; its ranks are 0 to ", job.spec().resources().ranks() - 1));
  }
  return place;
}

// Follows one log for one reader.
class LogSender {
 public:
  LogSender(const ServiceContext& service, const grpc::ServerContext& context, LogPlace place,
            const v1::ReadLogRequest& request, grpc::ServerWriter<v1::LogChunk>& writer)
      : service_(service),
        context_(context),
        place_(std::move(place)),
        follow_(request.follow()),
        offset_(request.offset()),
        tail_lines_(request.tail_lines()),
        writer_(writer) {}

  absl::Status Send() {
    const absl::Duration patience = RealClock().Monotonic() + kAgentLimit;
    for (std::int64_t change = 0;;) {
      SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service_, context_));
      const bool live = IsLive();
      if (!live) {
        const absl::Status archived = SendArchived();
        if (!absl::IsNotFound(archived)) return archived;
      }
      const absl::Status sent = SendFromAgent();
      if (!absl::IsNotFound(sent) && !absl::IsUnavailable(sent)) return sent;
      if (absl::IsNotFound(sent)) {  // it may have been brought there meanwhile
        const absl::Status archived = SendArchived();
        if (!absl::IsNotFound(archived)) return archived;
      }
      const bool comes = absl::IsUnavailable(sent) && RealClock().Monotonic() < patience;
      if (!comes && !(live && follow_)) return Missing(sent);
      change = service_.coordinator.WaitForChange(change, kPatience);
    }
  }

 private:
  absl::Status SendArchived() const {
    SIMCLR_ASSIGN_OR_RETURN(const ArtifactFile file, service_.artifacts.Open(place_.job_id, place_.path()));
    SIMCLR_ASSIGN_OR_RETURN(const std::int64_t base, BaseOfArchived());
    std::int64_t offset = std::max<std::int64_t>(0, offset_ - base);
    if (tail_lines_ > 0) {
      SIMCLR_ASSIGN_OR_RETURN(offset, file.OffsetOfLastLines(tail_lines_));
    }
    return SendFile(service_, context_, file, offset, base, writer_);
  }

  // Offset of the archived file's first byte in the log. Its agent said it, lately, and left it beside the
  // file.
  absl::StatusOr<std::int64_t> BaseOfArchived() const {
    const auto said =
        service_.coordinator.archived_logs().Find({place_.job_id, place_.attempt, place_.nonce, place_.rank});
    if (said.has_value()) return said->base_offset;
    const absl::StatusOr<ArtifactFile> file =
        service_.artifacts.Open(place_.job_id, absl::StrCat(place_.path(), kLogBaseSuffix));
    if (absl::IsNotFound(file.status())) return 0;
    SIMCLR_RETURN_IF_ERROR(file.status());
    SIMCLR_ASSIGN_OR_RETURN(const std::string text, file->ReadAt(0, kMaxBaseBytes));
    std::int64_t base = 0;
    if (absl::SimpleAtoi(text, &base) && base >= 0) return base;
    return absl::DataLossError(absl::StrCat(place_.path(), kLogBaseSuffix, " of job ", place_.job_id,
                                            " should hold an offset: ", Printable(text, kMaxBaseBytes)));
  }

  absl::Status SendFromAgent() {
    bool wait = false;
    for (;;) {
      SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service_, context_));
      SIMCLR_ASSIGN_OR_RETURN(const v1::LogPiece piece, Ask(wait));
      if (!piece.data().empty() && !Write(piece)) return ClientGone();
      tail_lines_ = 0;
      offset_ = std::max(offset_, piece.offset() + static_cast<std::int64_t>(piece.data().size()));
      wait = piece.at_end();
      if (piece.at_end() && (piece.ended() || !follow_)) return absl::OkStatus();
    }
  }

  absl::StatusOr<v1::LogPiece> Ask(bool wait) {
    v1::LogWanted wanted;
    wanted.set_job_id(place_.job_id);
    wanted.set_attempt(place_.attempt);
    wanted.set_rank(place_.rank);
    wanted.set_nonce(place_.nonce);
    wanted.set_offset(offset_);
    wanted.set_tail_lines(tail_lines_);
    if (wait) *wanted.mutable_wait() = ToProto(kWait);
    return service_.log_requests.Ask(place_.worker, std::move(wanted), kWait + kAnswerLimit);
  }

  bool IsLive() const {
    const absl::StatusOr<JobPtr> record = service_.coordinator.GetRecord(place_.job_id);
    const v1::AttemptRecord* live = record.ok() ? LiveAttempt(**record) : nullptr;
    return live != nullptr && live->nonce() == place_.nonce;
  }

  absl::Status Missing(const absl::Status& sent) const {
    if (absl::IsUnavailable(sent)) return absl::NotFoundError(sent.message());
    return absl::NotFoundError(absl::StrCat("job ", place_.job_id, " has no log of rank ", place_.rank,
                                            " of attempt ", place_.attempt, ": it wrote none"));
  }

  bool Write(const v1::LogPiece& piece) {
    v1::LogChunk chunk;
    chunk.set_offset(piece.offset());
    chunk.set_data(piece.data());
    return writer_.Write(chunk);
  }

  const ServiceContext& service_;
  const grpc::ServerContext& context_;
  const LogPlace place_;
  const bool follow_;
  std::int64_t offset_;
  std::int64_t tail_lines_;  // 0 once the first piece came
  grpc::ServerWriter<v1::LogChunk>& writer_;
};

}  // namespace

absl::Status StreamLog(const ServiceContext& service, const grpc::ServerContext& context, const v1::Job& job,
                       const v1::ReadLogRequest& request, grpc::ServerWriter<v1::LogChunk>& writer) {
  SIMCLR_ASSIGN_OR_RETURN(LogPlace place, FindLog(service, job, request));
  return LogSender(service, context, std::move(place), request, writer).Send();
}

}  // namespace simclr::coordinator
