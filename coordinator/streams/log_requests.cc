#include "coordinator/streams/log_requests.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

absl::Status NotHere(const std::string& worker, const std::string& what) {
  return absl::UnavailableError(absl::StrCat("the log is on worker ", worker, ", which ", what));
}

}  // namespace

std::int64_t LogRequests::Connect(const std::string& worker, Send send) {
  absl::MutexLock lock(&mutex_);
  Connection& connection = connections_[worker];
  Fail(connection.number);
  connection = {++last_number_, std::move(send), 0};
  return connection.number;
}

void LogRequests::Disconnect(const std::string& worker, std::int64_t connection) {
  absl::MutexLock lock(&mutex_);
  Fail(connection);
  const auto found = connections_.find(worker);
  if (found != connections_.end() && found->second.number == connection) connections_.erase(found);
}

void LogRequests::Fail(std::int64_t connection) {
  for (auto& [id, question] : questions_) question.over |= question.connection == connection;
}

void LogRequests::Answer(std::int64_t connection, v1::LogPiece piece) {
  absl::MutexLock lock(&mutex_);
  const auto found = questions_.find(piece.id());
  if (found == questions_.end() || found->second.connection != connection || found->second.over) return;
  found->second.over = true;
  found->second.piece = std::move(piece);
}

absl::StatusOr<LogRequests::Send> LogRequests::Begin(const std::string& worker, v1::LogWanted& wanted) {
  absl::MutexLock lock(&mutex_);
  const auto connection = connections_.find(worker);
  if (connection == connections_.end()) return NotHere(worker, "is not connected");
  if (connection->second.questions >= kMaxQuestions) {
    return NotHere(worker, "is asked by too many readers at once; ask again later");
  }
  ++connection->second.questions;
  wanted.set_id(++last_id_);
  questions_[wanted.id()] = {connection->second.number, false, std::nullopt};
  return connection->second.send;
}

absl::StatusOr<v1::LogPiece> LogRequests::Ask(const std::string& worker, v1::LogWanted wanted,
                                              absl::Duration limit) {
  SIMCLR_ASSIGN_OR_RETURN(const Send send, Begin(worker, wanted));
  send(wanted);
  absl::MutexLock lock(&mutex_);
  Question& question = questions_[wanted.id()];
  const bool over = mutex_.AwaitWithTimeout(absl::Condition(&question.over), limit);
  const std::optional<v1::LogPiece> piece = std::move(question.piece);
  const auto connection = connections_.find(worker);
  if (connection != connections_.end() && connection->second.number == question.connection) {
    --connection->second.questions;
  }
  questions_.erase(wanted.id());
  if (!over) return NotHere(worker, absl::StrCat("gave no answer within ", absl::FormatDuration(limit)));
  if (!piece.has_value()) return NotHere(worker, "lost its connection");
  if (piece->missing()) return absl::NotFoundError(absl::StrCat("worker ", worker, " has no such log"));
  return *piece;
}

}  // namespace simclr::coordinator
