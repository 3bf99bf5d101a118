#include "coordinator/server/worker_session.h"

#include <algorithm>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

// What a Desired asks for, without its stamp.
std::string ContentOf(v1::Desired desired) {
  desired.clear_sequence();
  return desired.SerializeAsString();
}

}  // namespace

WorkerSession::WorkerSession(const ServiceContext& service, WorkerSessions& sessions, Principal caller)
    : service_(service), sessions_(sessions), caller_(std::move(caller)) {}

void WorkerSession::Start() {
  StartRead(&incoming_);
}

void WorkerSession::Refuse(const absl::Status& status) {
  Close(status);
}

void WorkerSession::OnReadDone(bool ok) {
  if (!ok) return Close(absl::OkStatus());
  if (const absl::Status taken = Take(incoming_); !taken.ok()) {
    NoteDenial(service_, taken);
    LogWarning("session refused", {{"worker", incoming_.worker()}, {"cause", std::string(taken.message())}});
    return Close(taken);
  }
  StartRead(&incoming_);
}

absl::Status WorkerSession::Take(const v1::Observed& observed) {
  SIMCLR_RETURN_IF_ERROR(CheckIsWorker(caller_, observed.worker()));
  SIMCLR_ASSIGN_OR_RETURN(v1::Desired desired, service_.coordinator.Observe(observed));
  {
    absl::MutexLock lock(&mutex_);
    worker_ = observed.worker();
  }
  Send(std::move(desired), /*even_if_unchanged=*/true);
  return absl::OkStatus();
}

void WorkerSession::SendIfChanged() {
  std::string worker;
  {
    absl::MutexLock lock(&mutex_);
    worker = worker_;
  }
  if (!worker.empty()) Send(service_.coordinator.DesiredOf(worker), /*even_if_unchanged=*/false);
}

void WorkerSession::Send(v1::Desired desired, bool even_if_unchanged) {
  {
    absl::MutexLock lock(&mutex_);
    std::string content = ContentOf(desired);
    if (!even_if_unchanged && content == last_content_) return;
    if (next_ && next_->sequence() > desired.sequence())
      return;  // another thread was quicker with a newer one
    last_content_ = std::move(content);
    next_ = std::move(desired);
  }
  Proceed();
}

void WorkerSession::Close(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!end_) end_ = status;
  }
  Proceed();
}

void WorkerSession::Proceed() {
  std::optional<absl::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    if (writing_ || finished_ || (!end_ && !next_)) return;
    end = end_;
    if (end) {
      finished_ = true;
    } else {
      writing_ = true;
      outgoing_ = *std::exchange(next_, std::nullopt);
    }
  }
  if (end)
    Finish(ToGrpc(*end));
  else
    StartWrite(&outgoing_);
}

void WorkerSession::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok && !end_) end_ = absl::CancelledError("the agent went away");
  }
  Proceed();
}

void WorkerSession::OnCancel() {
  Close(absl::CancelledError("the agent went away"));
}

void WorkerSession::OnDone() {
  sessions_.Remove(this);
}

WorkerSession* WorkerSessions::Open(const ServiceContext& service, const absl::StatusOr<Principal>& caller) {
  const auto session =
      std::make_shared<WorkerSession>(service, *this, caller.ok() ? *caller : Principal{"", Role::kViewer});
  {
    absl::MutexLock lock(&mutex_);
    sessions_.insert(session);
  }
  if (caller.ok())
    session->Start();
  else
    session->Refuse(caller.status());
  return session.get();
}

void WorkerSessions::Remove(WorkerSession* session) {
  std::shared_ptr<WorkerSession> last;  // freed after the lock is
  absl::MutexLock lock(&mutex_);
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    if (it->get() != session) continue;
    last = *it;
    sessions_.erase(it);
    return;
  }
}

std::set<std::shared_ptr<WorkerSession>> WorkerSessions::Copy() {
  absl::MutexLock lock(&mutex_);
  return sessions_;
}

void WorkerSessions::SendIfChanged() {
  for (const auto& session : Copy()) session->SendIfChanged();
}

void WorkerSessions::CloseAll(const absl::Status& status) {
  for (const auto& session : Copy()) session->Close(status);
}

}  // namespace simclr::coordinator
