#include "worker/agent/trainer_stream.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/edge/check_message.h"
#include "common/edge/forget_unknown.h"
#include "common/edge/message_refusal.h"
#include "common/rpc/status_convert.h"
#include "worker/agent/edge/check_context.h"
#include "worker/agent/trainer_service.h"

namespace simclr::agent {

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
  const absl::Status admitted = Parse(incoming_, report);
  if (!admitted.ok()) service_.refused_.Count(report, admitted);
  if (!key_.has_value() && !Accept(report, admitted)) return;
  if (!admitted.ok()) {
    report.Clear();  // what is left says that the trainer lives
    LogWarning("a report of a trainer is left out", {{"job", key_->job_id},
                                                     {"attempt", absl::StrCat(key_->attempt)},
                                                     {"rank", absl::StrCat(key_->rank)},
                                                     {"cause", std::string(admitted.message())}});
  }
  service_.callbacks_.on_report(*key_, report);
  StartRead(&incoming_);
}

absl::Status TrainerStream::Parse(grpc::ByteBuffer& bytes, v1::TrainerReport& report) const {
  if (!grpc::SerializationTraits<v1::TrainerReport>::Deserialize(&bytes, &report).ok()) {
    return RefusedStatus(MessageRefusal::kUnreadable, "it cannot be read");
  }
  ForgetUnknown(report);
  SIMCLR_RETURN_IF_ERROR(CheckMessage(report));
  return key_.has_value() ? CheckTrainerReport(report, key_->job_id, key_->attempt) : absl::OkStatus();
}

bool TrainerStream::Accept(const v1::TrainerReport& report, const absl::Status& admitted) {
  if (!admitted.ok() || !report.has_hello()) {
    End(ToGrpc(admitted.ok() ? absl::InvalidArgumentError("the first report must be hello") : admitted));
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
