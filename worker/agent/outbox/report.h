#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/rank_key.h"
#include "worker/agent/files/spool_directory.h"

// What the agent tells the coordinator by calls of its own. All functions are pure.
namespace simclr::agent {

using Report = std::variant<v1::CommitCheckpointRequest, v1::ReportExitRequest, v1::LogArchivedRequest,
                            v1::PushMetricsRequest>;

SpoolKind KindOf(const Report& report);
// The rank that it is about.
RankKey RankOf(const Report& report);
std::string BytesOf(const Report& report);

// Of bytes that may be damaged, or those of an agent that allowed more: what can be mended is. DATA_LOSS.
absl::StatusOr<Report> ParseReport(SpoolKind kind, const std::string& bytes);

// What is left to say of an exit whose report nobody takes, or that the disk damaged: its placement and
// class, and `why` for people. Without it the job would wait for an exit that never comes. DATA_LOSS where
// not even the placement is known.
absl::StatusOr<v1::ReportExitRequest> BareExit(v1::ReportExitRequest damaged, absl::string_view why);
// The sound fields of an exit whose bytes are not all sound.
v1::ReportExitRequest ReadableExit(const std::string& bytes);

}  // namespace simclr::agent
