#pragma once

#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/time/time.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/tally.h"
#include "tests/support/fake_clock.h"

namespace simclr::simulation {

enum class Direction { kUp, kDown };  // to the coordinator, from it

// Carries calls between agents and coordinator in virtual time: late, twice, out of order, or not at all.
class Network {
 public:
  Network(FakeClock& clock, Dice& dice, Tally& tally) : clock_(clock), dice_(dice), tally_(tally) {}

  void Send(int agent, Direction direction, std::function<void()> deliver) {
    if (IsCut(agent, direction)) return;
    if (!calm_ && dice_.Chance(0.03)) return tally_.Count(Fault::kMessageLost);
    if (!calm_ && dice_.Chance(0.02)) {
      tally_.Count(Fault::kMessageRepeated);
      Enqueue(agent, direction, absl::Seconds(dice_.Between(0, 8)), deliver);
    }
    const bool late = !calm_ && dice_.Chance(0.04);
    if (late) tally_.Count(Fault::kMessageDelayed);
    Enqueue(agent, direction, late ? absl::Milliseconds(dice_.Between(500, 20'000)) : absl::ZeroDuration(),
            std::move(deliver));
  }

  // Whether a call that waits for its answer gets there, or the answer back.
  bool Passes(int agent, Direction direction) {
    if (IsCut(agent, direction)) return false;
    if (calm_ || !dice_.Chance(0.03)) return true;
    tally_.Count(Fault::kMessageLost);
    return false;
  }
  // A copy of such a call may come late, after those that were made after it.
  void MayRepeat(int agent, Direction direction, std::function<void()> deliver) {
    if (calm_ || !dice_.Chance(0.05)) return;
    tally_.Count(Fault::kMessageRepeated);
    Enqueue(agent, direction, absl::Seconds(dice_.Between(0, 20)), std::move(deliver));
  }

  // Lets time pass until `end`, with all that arrives meanwhile. `after` is called after each arrival.
  void RunUntil(absl::Duration end, const std::function<void()>& after) {
    while (!waiting_.empty() && waiting_.begin()->first.first <= end) {
      const auto next = waiting_.begin();
      const Message message = std::move(next->second);
      if (next->first.first > clock_.Monotonic()) clock_.Advance(next->first.first - clock_.Monotonic());
      waiting_.erase(next);
      if (IsCut(message.agent, message.direction)) continue;
      message.deliver();
      after();
    }
    if (end > clock_.Monotonic()) clock_.Advance(end - clock_.Monotonic());
  }

  void Cut(int agent, Direction direction) { cut_.insert({agent, direction}); }
  void Heal(int agent) {
    cut_.erase({agent, Direction::kUp});
    cut_.erase({agent, Direction::kDown});
  }
  void Calm() {
    calm_ = true;
    cut_.clear();
  }

 private:
  struct Message {
    int agent;
    Direction direction;
    std::function<void()> deliver;
  };

  bool IsCut(int agent, Direction direction) const { return cut_.count({agent, direction}) > 0; }
  void Enqueue(int agent, Direction direction, absl::Duration delay, std::function<void()> deliver) {
    const absl::Duration due = clock_.Monotonic() + delay + absl::Milliseconds(dice_.Between(1, 30));
    waiting_.emplace(std::pair(due, ++sent_), Message{agent, direction, std::move(deliver)});
  }

  FakeClock& clock_;
  Dice& dice_;
  Tally& tally_;
  bool calm_ = false;
  std::int64_t sent_ = 0;
  std::set<std::pair<int, Direction>> cut_;
  std::map<std::pair<absl::Duration, std::int64_t>, Message> waiting_;
};

}  // namespace simclr::simulation
