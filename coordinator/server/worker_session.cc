#include "coordinator/server/worker_session.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <iterator>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/edge/bounds.h"
#include "common/edge/forget_unknown.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kShownName = 80;  // of what may be no name

bool IsWorkerName(const std::string& name) {
  return !name.empty() &&
         TextFits(BoundOf(*v1::Observed::descriptor()->FindFieldByNumber(v1::Observed::kWorkerFieldNumber)),
                  name);
}

// A message in two parts, one after the other, is the message that has the fields of both.
grpc::ByteBuffer Numbered(const std::string& content, std::int64_t sequence) {
  v1::Desired number;
  number.set_sequence(sequence);
  const grpc::Slice parts[] = {grpc::Slice(content), grpc::Slice(number.SerializeAsString())};
  return grpc::ByteBuffer(parts, std::size(parts));
}

}  // namespace

WorkerSession::WorkerSession(const ServiceContext& service, WorkerSessions& sessions, Principal caller)
    : service_(service), sessions_(sessions), caller_(std::move(caller)) {}

void WorkerSession::Start() {
  StartRead(&incoming_);
}

void WorkerSession::OnReadDone(bool ok) {
  if (!ok) return Close(absl::OkStatus());
  v1::Observed observed;
  if (grpc::SerializationTraits<v1::Observed>::Deserialize(&incoming_, &observed).ok()) {
    Take(observed);
  } else {
    LeaveOutUnreadable();
  }
  StartRead(&incoming_);
}

void WorkerSession::Take(v1::Observed& observed) {
  const std::string worker = observed.worker();
  if (const absl::Status own = CheckIsWorker(caller_, worker); !own.ok()) return End(own, worker);
  ForgetUnknown(observed);
  const absl::Status admitted = Admit(service_, observed);
  if (!IsWorkerName(worker)) return End(admitted, worker);
  if (!admitted.ok()) return LeaveOut(worker, admitted);
  {
    absl::MutexLock lock(&mutex_);
    worker_ = worker;
    nonce_ = observed.nonce();
    if (last_content_.empty()) observed.clear_quiet();  // nothing was said yet
  }
  // The answer may come later, from another thread, when the session is over.
  service_.coordinator.Observe(
      observed, [self = shared_from_this(), worker](const absl::StatusOr<std::optional<Orders>>& orders) {
        if (!orders.ok()) return self->End(orders.status(), worker);
        if (orders->has_value()) self->Send(**orders, /*even_if_unchanged=*/true);
      });
}

void WorkerSession::LeaveOut(const std::string& worker, const absl::Status& refused) {
  const std::string text(refused.message());
  const bool warn = service_.coordinator.NoteRefused(worker, text);
  if (warn) LogWarning("the state of a worker is refused", {{"worker", worker}, {"cause", text}});
}

void WorkerSession::LeaveOutUnreadable() {
  std::string worker;
  {
    absl::MutexLock lock(&mutex_);
    worker = worker_;
  }
  service_.on_unreadable(v1::Observed::descriptor()->name(), caller_.name);
  const absl::Status refused =
      RefusedStatus(MessageRefusal::kUnreadable,
                    "Observed cannot be read: it is no such message, or a text in it is not UTF-8");
  worker.empty() ? End(refused, worker) : LeaveOut(worker, refused);
}

void WorkerSession::End(const absl::Status& refused, const std::string& worker) {
  NoteDenial(service_, refused);
  LogWarning("session refused", {{"worker", Printable(worker, kShownName)},
                                 {"cause", Printable(refused.message(), kMaxMessageText)}});
  Close(refused);
}

void WorkerSession::SendIfChanged(const std::set<std::string>& workers) {
  std::string worker;
  std::uint64_t nonce = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (workers.count(worker_) == 0 || last_content_.empty()) return;  // it was not answered yet
    worker = worker_;
    nonce = nonce_;
  }
  const Orders orders = service_.coordinator.OrdersFor(worker);
  if (orders.nonce != nonce) return Close(ReplacedRefusal(worker));
  Send(orders, /*even_if_unchanged=*/false);
}

void WorkerSession::Send(const Orders& orders, bool even_if_unchanged) {
  {
    absl::MutexLock lock(&mutex_);
    std::string content = orders.desired.SerializeAsString();
    if (!even_if_unchanged && content == last_content_) return;
    if (next_ && *next_ > orders.change) return;  // another thread was quicker with a newer one
    last_content_ = std::move(content);
    next_ = orders.change;
  }
  Proceed();
}

bool WorkerSession::IsOf(const std::string& worker, std::uint64_t nonce) {
  absl::MutexLock lock(&mutex_);
  return worker_ == worker && nonce_ == nonce && !finished_;
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
      next_.reset();
      outgoing_ = Numbered(last_content_, ++sequence_);
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
  std::string worker;
  std::uint64_t nonce = 0;
  {
    absl::MutexLock lock(&mutex_);
    worker = worker_;
    nonce = nonce_;
  }
  // Of two sessions that cross, the old one may end last.
  if (!worker.empty() && !sessions_.HasAnother(*this, worker, nonce)) {
    service_.coordinator.EndSession(worker, nonce);
  }
  sessions_.Remove(this);
}

WorkerSession* WorkerSessions::Open(const ServiceContext& service, const absl::StatusOr<Principal>& caller) {
  return Add(
      std::make_shared<WorkerSession>(service, *this, caller.ok() ? *caller : Principal{"", Role::kViewer}),
      caller.status());
}

bool WorkerSessions::HasAnother(const WorkerSession& session, const std::string& worker,
                                std::uint64_t nonce) {
  for (const auto& other : Copy()) {
    if (other.get() != &session && other->IsOf(worker, nonce)) return true;
  }
  return false;
}

void WorkerSessions::SendIfChanged(const std::set<std::string>& workers) {
  if (workers.empty()) return;
  for (const auto& session : Copy()) session->SendIfChanged(workers);
}

}  // namespace simclr::coordinator
