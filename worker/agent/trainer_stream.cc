#include "worker/agent/trainer_stream.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "worker/agent/trainer_service.h"

namespace simclr::agent {
namespace {

bool Parse(grpc::ByteBuffer& bytes, v1::TrainerReport& report) {
  return grpc::SerializationTraits<v1::TrainerReport>::Deserialize(&bytes, &report).ok();
}

}  // namespace

TrainerStream::TrainerStream(TrainerService& service) : service_(service) {
  StartRead(&incoming_);
}

void TrainerStream::Send(const v1::TrainerOrder& order) {
  absl::MutexLock lock(&mutex_);
  if (ended_) return;
  orders_.push_back(order);
  if (orders_.size() == 1) WriteFirst();
}

void TrainerStream::WriteFirst() {
  bool own_buffer = false;
  outgoing_.Clear();
  grpc::SerializationTraits<v1::TrainerOrder>::Serialize(orders_.front(), &outgoing_, &own_buffer);
  StartWrite(&outgoing_);
}

void TrainerStream::OnReadDone(bool ok) {
  if (!ok) return End(grpc::Status::OK);
  v1::TrainerReport report;
  if (Parse(incoming_, report)) {
    if (!Accept(report)) return;
    service_.callbacks_.on_report(*key_, report);
  } else if (key_.has_value()) {
    LogWarning("a report of a trainer cannot be read and is left out",
               {{"job", key_->job_id},
                {"attempt", absl::StrCat(key_->attempt)},
                {"rank", absl::StrCat(key_->rank)}});
  }
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
  if (ok && !ended_ && !orders_.empty()) WriteFirst();
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
