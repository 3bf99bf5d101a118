#include "worker/trainer/order_inbox.h"

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/edge/check_message.h"
#include "common/edge/forget_unknown.h"

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
  while (std::optional<v1::TrainerOrder> order = link_.Receive()) {
    ForgetUnknown(*order);  // the agent may be newer
    const absl::Status admitted = CheckMessage(*order);
    admitted.ok() ? Keep(*order) : Refuse(admitted);
  }
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

void OrderInbox::Refuse(const absl::Status& refused) {
  LogError("an order of the agent is refused", {{"cause", std::string(refused.message())}});
  absl::MutexLock lock(&mutex_);
  refused_ =
      absl::InvalidArgumentError(absl::StrCat("an order of the agent is refused: ", refused.message()));
}

absl::Status OrderInbox::WhyNot() const {
  if (!refused_.ok()) return refused_;
  if (drain_) return absl::CancelledError("asked to stop before the ranks had met");
  return absl::UnavailableError("the agent went away before the ranks had met");
}

}  // namespace simclr::trainer
