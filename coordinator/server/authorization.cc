#include "coordinator/server/authorization.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "common/base/status_macros.h"
#include "common/crypto/token.h"

namespace simclr::coordinator {
namespace {

absl::optional<Role> ParseRole(absl::string_view word) {
  if (word == "viewer") return Role::kViewer;
  if (word == "user") return Role::kUser;
  if (word == "operator") return Role::kOperator;
  return absl::nullopt;
}

constexpr char kReasonPayload[] = "simclr.v1/denial-reason";

absl::Status Denied(absl::Status status, absl::string_view reason) {
  status.SetPayload(kReasonPayload, absl::Cord(reason));
  return status;
}

}  // namespace

const std::map<std::string, Role>& RoleTable() {
  static const std::map<std::string, Role> table = {
      {"simclr.v1.JobService/SubmitJob", Role::kUser},
      {"simclr.v1.JobService/SubmitJobs", Role::kUser},
      {"simclr.v1.JobService/GetJob", Role::kViewer},
      {"simclr.v1.JobService/ListJobs", Role::kViewer},
      {"simclr.v1.JobService/WatchJobs", Role::kViewer},
      {"simclr.v1.JobService/CancelJob", Role::kUser},
      {"simclr.v1.JobService/DeleteJobs", Role::kUser},
      {"simclr.v1.JobService/PruneJobs", Role::kUser},
      {"simclr.v1.JobService/ListCheckpoints", Role::kViewer},
      {"simclr.v1.JobService/StreamMetrics", Role::kViewer},
      {"simclr.v1.JobService/ReadLog", Role::kViewer},
      {"simclr.v1.JobService/ReadArtifact", Role::kViewer},
      {"simclr.v1.JobService/ListArtifacts", Role::kViewer},
      {"simclr.v1.ClusterService/ListWorkers", Role::kViewer},
      {"simclr.v1.ClusterService/GetStatus", Role::kViewer},
      {"simclr.v1.WorkerService/Session", Role::kWorker},
      {"simclr.v1.WorkerService/ReportExit", Role::kWorker},
      {"simclr.v1.WorkerService/CommitCheckpoint", Role::kWorker},
      {"simclr.v1.WorkerService/PushMetrics", Role::kWorker},
      {"simclr.v1.WorkerService/LogArchived", Role::kWorker},
      {"simclr.v1.WorkerService/Logs", Role::kWorker},
  };
  return table;
}

absl::StatusOr<Authorizer> Authorizer::Create(absl::string_view tokens, bool tls) {
  SIMCLR_ASSIGN_OR_RETURN(Tokens parsed, Parse(tokens));
  Authorizer authorizer(tls);
  authorizer.Use(std::move(parsed));
  return authorizer;
}

absl::Status Authorizer::Replace(absl::string_view tokens) {
  SIMCLR_ASSIGN_OR_RETURN(Tokens parsed, Parse(tokens));
  // A file that is being written must not open a port without TLS to everybody.
  if (parsed.empty()) return absl::InvalidArgumentError("the tokens file holds no token");
  Use(std::move(parsed));
  return absl::OkStatus();
}

void Authorizer::Use(Tokens tokens) {
  auto shared = std::make_shared<const Tokens>(std::move(tokens));
  absl::MutexLock lock(&in_force_->mutex);
  in_force_->tokens = std::move(shared);
}

std::shared_ptr<const Authorizer::Tokens> Authorizer::InUse() const {
  absl::MutexLock lock(&in_force_->mutex);
  return in_force_->tokens;
}

absl::StatusOr<Authorizer::Tokens> Authorizer::Parse(absl::string_view text) {
  Tokens parsed;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    const absl::optional<Role> role = words.size() == 3 ? ParseRole(words[1]) : absl::nullopt;
    if (!role || words[2].size() != 64) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tokens file, line ", number, ": write 'name role sha256', role viewer, user or operator"));
    }
    parsed.push_back({{words[0], *role}, words[2]});
  }
  return parsed;
}

absl::StatusOr<Principal> Authorizer::AuthorizeWorker(const Peer& peer) const {
  if (!tls_) return Principal{"", Role::kWorker};
  if (!peer.worker.empty()) return Principal{peer.worker, Role::kWorker};
  return Denied(
      absl::UnauthenticatedError("only agents may call this: a client certificate with the URI name "
                                 "simclr://worker/<name> is needed"),
      "no_certificate");
}

absl::StatusOr<Principal> Authorizer::FindPerson(const Peer& peer) const {
  const std::shared_ptr<const Tokens> tokens = InUse();
  if (!tls_ && tokens->empty()) return Principal{"local", Role::kOperator};
  if (peer.token.empty()) {
    return Denied(
        absl::UnauthenticatedError("a bearer token is needed; name its file in the context as token_file"),
        "no_credentials");
  }
  const std::string hash = HashToken(peer.token);
  const Token* found = nullptr;
  for (const Token& token : *tokens) {
    if (ConstantTimeEquals(token.hash, hash)) found = &token;
  }
  if (found == nullptr) {
    return Denied(absl::UnauthenticatedError("the token is not known here; ask the operator for one"),
                  "unknown_token");
  }
  return found->principal;
}

absl::StatusOr<Principal> Authorizer::Authorize(const std::string& method, const Peer& peer) const {
  const auto row = RoleTable().find(method);
  if (row == RoleTable().end()) {
    return Denied(absl::PermissionDeniedError(absl::StrCat(method, " is not in the role table")), "method");
  }
  if (row->second == Role::kWorker) return AuthorizeWorker(peer);
  SIMCLR_ASSIGN_OR_RETURN(const Principal person, FindPerson(peer));
  if (person.role >= row->second) return person;
  return Denied(absl::PermissionDeniedError(absl::StrCat(person.name, " may not call ", method,
                                                         ": its role is too small; ask the operator")),
                "role");
}

std::string DenialReason(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonPayload);
  return reason ? std::string(*reason) : "";
}

absl::Status CheckIsWorker(const Principal& caller, const std::string& worker) {
  if (caller.name.empty() || caller.name == worker) return absl::OkStatus();
  return Denied(absl::PermissionDeniedError(absl::StrCat("the certificate is that of ", caller.name,
                                                         ", which cannot report for ", worker)),
                "other_worker");
}

absl::Status CheckReads(const Principal& caller, const std::string& owner, const std::string& job_id,
                        bool all_read) {
  if (all_read || caller.role == Role::kOperator || caller.name == owner) return absl::OkStatus();
  return Denied(
      absl::PermissionDeniedError(absl::StrCat("job ", job_id, " belongs to ", owner,
                                               "; its files and logs are for the owner and for operators")),
      "other_owner");
}

absl::Status CheckOwns(const Principal& caller, const std::string& owner, const std::string& job_id) {
  if (caller.role == Role::kOperator || caller.name == owner) return absl::OkStatus();
  return Denied(absl::PermissionDeniedError(absl::StrCat("job ", job_id, " belongs to ", owner, "; ",
                                                         caller.name, " may not change it")),
                "other_owner");
}

absl::Status CheckPriority(const Principal& caller, int priority) {
  if (caller.role == Role::kOperator || std::abs(priority) <= kUserPriority) return absl::OkStatus();
  return Denied(
      absl::PermissionDeniedError(absl::StrCat("schedule.priority is ", priority, "; users may ask for -",
                                               kUserPriority, " to ", kUserPriority, ", operators for more")),
      "priority");
}

}  // namespace simclr::coordinator
