#include "bench/control_plane/agent_fleet.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "common/rpc/channel.h"

namespace simclr::bench {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);
constexpr absl::Duration kConnectLimit = absl::Minutes(1);

}  // namespace

absl::StatusOr<std::unique_ptr<AgentFleet>> AgentFleet::Start(const std::string& address, BenchPki& pki,
                                                              const Options& options) {
  std::unique_ptr<AgentFleet> fleet(new AgentFleet(options));
  for (int number = 0; number < options.agents; ++number) {
    const std::string name = absl::StrCat("node-", number);
    SIMCLR_ASSIGN_OR_RETURN(const TlsFiles tls, pki.Worker(name));
    ChannelOptions channel;
    channel.connect_timeout = kConnectLimit;    // many handshakes at once
    channel.keepalive_timeout = kConnectLimit;  // a slow coordinator is what is measured
    SIMCLR_ASSIGN_OR_RETURN(auto connection, MakeChannel(address, tls, channel));
    if (!connection->WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectLimit))) {
      return absl::UnavailableError(absl::StrCat("agent ", name, " cannot connect to ", address));
    }
    fleet->agents_.push_back(std::make_unique<SimulatedAgent>(AgentIdentity(name, RandomBits()),
                                                              options.slots, std::move(connection)));
  }
  AgentFleet* const started = fleet.get();
  fleet->heart_ = std::jthread([started](const std::stop_token& stop) { started->BeatUntilStopped(stop); });
  SIMCLR_RETURN_IF_ERROR(fleet->AwaitAnswers(kConnectLimit));
  return fleet;
}

void AgentFleet::BeatUntilStopped(const std::stop_token& stop) {
  const absl::Duration gap = options_.period / static_cast<double>(agents_.size());
  absl::Duration next = RealClock().Monotonic();
  for (std::size_t number = 0; !stop.stop_requested(); number = (number + 1) % agents_.size()) {
    absl::SleepFor(next - RealClock().Monotonic());
    agents_[number]->Beat();
    next = std::max(next + gap, RealClock().Monotonic() - options_.period);
  }
}

absl::Status AgentFleet::AwaitAnswers(absl::Duration limit) const {
  const absl::Duration end = RealClock().Monotonic() + limit;
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(sessions());
    const auto missing =
        std::count_if(agents_.begin(), agents_.end(), [](const auto& agent) { return !agent->answered(); });
    if (missing == 0) return absl::OkStatus();
    if (RealClock().Monotonic() > end) {
      return absl::DeadlineExceededError(
          absl::StrCat(missing, " of ", agents_.size(), " agents got no answer"));
    }
    absl::SleepFor(kPoll);
  }
}

int AgentFleet::ranks() const {
  int ranks = 0;
  for (const auto& agent : agents_) ranks += agent->ranks();
  return ranks;
}

absl::Status AgentFleet::AwaitRanks(int wanted, absl::Duration limit) const {
  const absl::Duration end = RealClock().Monotonic() + limit;
  while (ranks() < wanted) {
    SIMCLR_RETURN_IF_ERROR(sessions());
    if (RealClock().Monotonic() > end) {
      return absl::DeadlineExceededError(
          absl::StrCat(ranks(), " of ", wanted, " ranks run after ", absl::FormatDuration(limit)));
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::Status AgentFleet::sessions() const {
  for (const auto& agent : agents_) SIMCLR_RETURN_IF_ERROR(agent->session());
  return absl::OkStatus();
}

Samples AgentFleet::TakeRoundTrips() {
  Samples all;
  for (const auto& agent : agents_) all.Merge(agent->TakeRoundTrips());
  return all;
}

}  // namespace simclr::bench
