#include "common/base/gate.h"

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"

namespace simclr {

Gate::Pass::~Pass() {
  if (gate_ != nullptr) gate_->Leave();
}

absl::StatusOr<Gate::Pass> Gate::Enter() {
  absl::MutexLock lock(&mutex_);
  if (!HasRoom()) {
    if (waiting_ >= limits_.waiting) return Refusal();
    ++waiting_;
    const bool room = mutex_.AwaitWithTimeout(absl::Condition(this, &Gate::HasRoom), limits_.patience);
    --waiting_;
    if (!room) return Refusal();
  }
  ++inside_;
  moved_ = RealClock().Monotonic();
  return Pass(this);
}

void Gate::Leave() {
  absl::MutexLock lock(&mutex_);
  --inside_;
  moved_ = RealClock().Monotonic();
}

absl::Status Gate::Refusal() const {
  const absl::Duration still = absl::Trunc(RealClock().Monotonic() - moved_, absl::Seconds(1));
  return absl::UnavailableError(absl::StrCat(what_, ": no answer for ", absl::FormatDuration(still), "; ",
                                             inside_, " calls are inside and ", waiting_,
                                             " wait; try again later"));
}

}  // namespace simclr
