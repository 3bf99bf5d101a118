#include "worker/trainer/order_inbox.h"

namespace simclr::trainer {

OrderInbox::OrderInbox(AgentLink& link) : link_(link), receiver_([this] { Receive(); }) {}

OrderInbox::~OrderInbox() = default;

absl::StatusOr<v1::TrainerStart> OrderInbox::AwaitStart() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &OrderInbox::StartOrOver));
  if (!start_) return WhyNot();
  return *start_;
}

absl::StatusOr<v1::TrainerRun> OrderInbox::AwaitRun() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &OrderInbox::RunOrOver));
  if (!run_) return WhyNot();
  return *run_;
}

bool OrderInbox::AwaitEnd(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&ended_), timeout);
}

void OrderInbox::Receive() {
  while (const std::optional<v1::TrainerOrder> order = link_.Receive()) Keep(*order);
  absl::MutexLock lock(&mutex_);
  ended_ = true;
}

void OrderInbox::Keep(const v1::TrainerOrder& order) {
  absl::MutexLock lock(&mutex_);
  switch (order.order_case()) {
    case v1::TrainerOrder::kStart:
      start_ = order.start();
      break;
    case v1::TrainerOrder::kRun:
      run_ = order.run();
      break;
    case v1::TrainerOrder::kDrain:
      drain_ = true;
      break;
    case v1::TrainerOrder::ORDER_NOT_SET:
      break;
  }
}

absl::Status OrderInbox::WhyNot() const {
  if (drain_) return absl::CancelledError("asked to stop before the ranks had met");
  return absl::UnavailableError("the agent went away before the ranks had met");
}

}  // namespace simclr::trainer
