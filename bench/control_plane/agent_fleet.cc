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
  auto numbering = AgentIdentity::Numbering::kGiven;
  SIMCLR_ASSIGN_OR_RETURN(auto first, ConnectFirst(address, pki, options.slots, numbering));
  fleet->agents_.push_back(std::move(first));
  for (int number = 1; number < options.agents; ++number) {
    SIMCLR_ASSIGN_OR_RETURN(auto agent, Connect(address, pki, number, options.slots, numbering));
    fleet->agents_.push_back(std::move(agent));
  }
  AgentFleet* const started = fleet.get();
  fleet->heart_ = std::jthread([started](const std::stop_token& stop) { started->BeatUntilStopped(stop); });
  SIMCLR_RETURN_IF_ERROR(fleet->AwaitAnswers(kConnectLimit));
  return fleet;
}

absl::StatusOr<std::unique_ptr<SimulatedAgent>> AgentFleet::Connect(const std::string& address, BenchPki& pki,
                                                                    int number, int slots,
                                                                    AgentIdentity::Numbering numbering) {
  const std::string name = absl::StrCat("node-", number);
  SIMCLR_ASSIGN_OR_RETURN(const TlsFiles tls, pki.Worker(name));
  ChannelOptions channel;
  channel.connect_timeout = kConnectLimit;    // many handshakes at once
  channel.keepalive_timeout = kConnectLimit;  // a slow coordinator is what is measured
  SIMCLR_ASSIGN_OR_RETURN(auto connection, MakeChannel(address, tls, channel));
  if (!connection->WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectLimit))) {
    return absl::UnavailableError(absl::StrCat("agent ", name, " cannot connect to ", address));
  }
  return std::make_unique<SimulatedAgent>(AgentIdentity(name, RandomBits() | 1, numbering), slots,
                                          std::move(connection));
}

absl::StatusOr<std::unique_ptr<SimulatedAgent>> AgentFleet::ConnectFirst(
    const std::string& address, BenchPki& pki, int slots, AgentIdentity::Numbering& numbering) {
  SIMCLR_ASSIGN_OR_RETURN(auto first, Connect(address, pki, 0, slots, numbering));
  first->Beat();
  const absl::Duration end = RealClock().Monotonic() + kConnectLimit;
  while (!first->answered() && first->session().ok()) {
    if (RealClock().Monotonic() > end) return absl::DeadlineExceededError("the first agent got no answer");
    absl::SleepFor(kPoll);
  }
  if (!AgentIdentity::WantsOwn(first->session())) return first;
  numbering = AgentIdentity::Numbering::kOwn;
  return Connect(address, pki, 0, slots, numbering);
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
