#include "worker/agent/trainer_stream.h"

#include "worker/agent/trainer_service.h"

namespace simclr::agent {

TrainerStream::TrainerStream(TrainerService& service) : service_(service) {
  StartRead(&incoming_);
}

void TrainerStream::Send(const v1::TrainerOrder& order) {
  absl::MutexLock lock(&mutex_);
  if (ended_) return;
  orders_.push_back(order);
  if (orders_.size() == 1) StartWrite(&orders_.front());
}

void TrainerStream::OnReadDone(bool ok) {
  if (!ok) return End(grpc::Status::OK);
  if (!Accept(incoming_)) return;
  service_.callbacks_.on_report(*key_, incoming_);
  StartRead(&incoming_);
}

bool TrainerStream::Accept(const v1::TrainerReport& report) {
  if (key_.has_value()) return true;
  if (!report.has_hello()) {
    End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the first report must be hello"));
    return false;
  }
  key_ = KeyOf(report.hello());
  service_.Register(*key_, this);
  return true;
}

void TrainerStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  orders_.pop_front();
  if (ok && !ended_ && !orders_.empty()) StartWrite(&orders_.front());
}

void TrainerStream::End(const grpc::Status& status) {
  if (key_.has_value()) service_.Unregister(*key_, this);
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  Finish(status);
}

void TrainerStream::OnDone() {
  delete this;
}

}  // namespace simclr::agent
