#include "worker/agent/outbox/report.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/edge/mend_message.h"

namespace simclr::agent {
namespace {

template <typename Request>
absl::StatusOr<Report> Parse(const std::string& bytes) {
  Request request;
  if (!request.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat("it is no ", request.GetTypeName(), " any more"));
  }
  Mend(request);
  return Report(std::move(request));
}

// Numbers, and texts that are UTF-8.
bool IsReadable(const google::protobuf::UnknownField& field) {
  const auto* known = v1::ReportExitRequest::descriptor()->FindFieldByNumber(field.number());
  if (known == nullptr || known->type() == google::protobuf::FieldDescriptor::TYPE_MESSAGE) return false;
  return field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
         IsUtf8(field.length_delimited());
}

}  // namespace

SpoolKind KindOf(const Report& report) {
  constexpr SpoolKind kKinds[] = {SpoolKind::kCommit, SpoolKind::kExit, SpoolKind::kArchived,
                                  SpoolKind::kMetrics};
  return kKinds[report.index()];
}

RankKey RankOf(const Report& report) {
  if (const auto* commit = std::get_if<v1::CommitCheckpointRequest>(&report)) {
    const v1::Checkpoint& checkpoint = commit->checkpoint();
    return {checkpoint.job_id(), checkpoint.attempt(), commit->rank(), checkpoint.nonce()};
  }
  if (const auto* exit = std::get_if<v1::ReportExitRequest>(&report)) return KeyOf(*exit);
  if (const auto* archived = std::get_if<v1::LogArchivedRequest>(&report)) return KeyOf(*archived);
  return KeyOf(std::get<v1::PushMetricsRequest>(report));
}

std::string BytesOf(const Report& report) {
  return std::visit([](const auto& request) { return request.SerializeAsString(); }, report);
}

absl::StatusOr<Report> ParseReport(SpoolKind kind, const std::string& bytes) {
  switch (kind) {
    case SpoolKind::kCommit:
      return Parse<v1::CommitCheckpointRequest>(bytes);
    case SpoolKind::kExit:
      return Parse<v1::ReportExitRequest>(bytes);
    case SpoolKind::kArchived:
      return Parse<v1::LogArchivedRequest>(bytes);
    case SpoolKind::kMetrics:
      return Parse<v1::PushMetricsRequest>(bytes);
  }
  return absl::DataLossError("unknown kind of report");
}

v1::ReportExitRequest ReadableExit(const std::string& bytes) {
  v1::ReportExitRequest exit;
  google::protobuf::UnknownFieldSet fields, readable;
  if (!fields.ParseFromString(bytes)) {
    // Torn: what stands before the damage.
    static_cast<void>(exit.ParsePartialFromString(bytes));
    return exit;
  }
  for (int i = 0; i < fields.field_count(); ++i) {
    if (IsReadable(fields.field(i))) readable.AddField(fields.field(i));
  }
  std::string sound;
  readable.SerializeToString(&sound);
  static_cast<void>(exit.ParsePartialFromString(sound));
  return exit;
}

absl::StatusOr<v1::ReportExitRequest> BareExit(v1::ReportExitRequest damaged, absl::string_view why) {
  if (!IsUtf8(damaged.job_id()) || damaged.job_id().empty() || damaged.attempt() == 0) {
    return absl::DataLossError("a damaged exit names no attempt");
  }
  v1::ReportExitRequest bare;
  bare.set_worker(damaged.worker());
  bare.set_incarnation(damaged.incarnation());
  bare.set_job_id(damaged.job_id());
  bare.set_attempt(damaged.attempt());
  bare.set_rank(damaged.rank());
  bare.set_nonce(damaged.nonce());
  // Success would have results, and these are lost.
  const bool known = v1::FailureClass_IsValid(damaged.failure()) &&
                     damaged.failure() != v1::FAILURE_CLASS_UNSPECIFIED &&
                     damaged.failure() != v1::FAILURE_CLASS_SUCCESS;
  bare.set_failure(known ? damaged.failure() : v1::FAILURE_CLASS_CRASH);
  bare.set_exit_code(damaged.signal() != 0 ? -1 : damaged.exit_code());
  bare.set_signal(damaged.signal());
  bare.set_message(PrintableLines(
      absl::StrCat("the report of this exit lies in the agent's quarantine: ", why), kMaxMessageText));
  *bare.mutable_at() = damaged.at();
  bare.set_step(damaged.step());
  bare.set_total_steps(damaged.total_steps());
  Mend(bare);
  return bare;
}

}  // namespace simclr::agent
