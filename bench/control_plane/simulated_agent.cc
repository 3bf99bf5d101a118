#include "bench/control_plane/simulated_agent.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/protocol.h"
#include "common/rpc/status_convert.h"

namespace simclr::bench {
namespace {

constexpr absl::Duration kCallLimit = absl::Seconds(30);
constexpr std::int64_t kTotalSteps = 1'000'000;

void AddSlots(int slots, v1::Observed& observed) {
  for (int index = 0; index < slots; ++index) {
    v1::Slot& slot = *observed.add_slots();
    slot.set_index(index);
    slot.set_device(v1::DEVICE_CPU);
    slot.set_usable(true);
    slot.set_memory_bytes(std::int64_t{16} << 30);
  }
}

void AddRank(const v1::DesiredRank& desired, std::int64_t step, v1::Observed& observed) {
  v1::ObservedRank& rank = *observed.add_ranks();
  rank.set_job_id(desired.job_id());
  rank.set_attempt(desired.attempt());
  rank.set_rank(desired.rank());
  rank.set_nonce(desired.nonce());
  rank.set_slot(desired.slot());
  rank.set_pid(1000 + desired.slot());
  rank.set_activity(v1::ACTIVITY_FORWARD);
  rank.set_step(step);
  rank.set_total_steps(kTotalSteps);
  rank.set_epoch(static_cast<double>(step) / 1000.0);
  rank.set_started(true);
  rank.set_precision("fp32");
  if (desired.rank() == 0) rank.set_store_endpoint("127.0.0.1:29500");
}

}  // namespace

SimulatedAgent::SimulatedAgent(AgentIdentity identity, int slots, std::shared_ptr<grpc::Channel> channel)
    : slots_(slots),
      channel_(std::move(channel)),
      stub_(v1::WorkerService::NewStub(channel_)),
      identity_(std::move(identity)) {
  stub_->async()->Session(&context_, this);
  AddHold();  // heartbeats are written from outside of the reactions
  StartRead(&incoming_);
  StartCall();
}

SimulatedAgent::~SimulatedAgent() {
  context_.TryCancel();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](std::optional<absl::Status>* end) { return end->has_value(); }, &end_));
}

void SimulatedAgent::Beat() {
  absl::MutexLock lock(&mutex_);
  if (closed_ || writing_) return;
  for (auto& [key, rank] : ranks_) ++rank.step;
  if (!sent_at_) sent_at_ = RealClock().Monotonic();
  Send();
}

void SimulatedAgent::Send() {
  send_again_ = writing_;
  if (writing_ || closed_) return;
  writing_ = true;
  outgoing_ = State();
  outgoing_.set_quiet(answered_ && RealClock().Monotonic() - heard_at_ < kQuietFor);
  if (outgoing_.quiet()) sent_at_.reset();
  StartWrite(&outgoing_);
}

v1::Observed SimulatedAgent::State() {
  v1::Observed observed;
  identity_.Sign(observed);
  observed.set_address("127.0.0.1");
  observed.set_version("bench");
  observed.set_threads_per_slot(1);
  AddSlots(slots_, observed);
  for (const auto& [key, rank] : ranks_) AddRank(rank.desired, rank.step, observed);
  return observed;
}

bool SimulatedAgent::Take(const v1::Desired& desired) {
  identity_.Learn(desired);
  std::map<RankKey, Rank> wanted;
  bool changed = false;
  for (const v1::DesiredRank& rank : desired.ranks()) {
    const RankKey key = KeyOf(rank);
    if (ended_.count(key) > 0) continue;
    const auto running = ranks_.find(key);
    if (running == ranks_.end()) {
      changed = true;
      ++started_;
    }
    wanted[key] = {rank, running == ranks_.end() ? 0 : running->second.step};
  }
  changed = changed || wanted.size() != ranks_.size();
  ranks_ = std::move(wanted);
  return changed;
}

void SimulatedAgent::OnReadDone(bool ok) {
  if (ok) {
    absl::MutexLock lock(&mutex_);
    answered_ = true;
    heard_at_ = RealClock().Monotonic();
    if (sent_at_) round_trips_.Add(RealClock().Monotonic() - *std::exchange(sent_at_, std::nullopt));
    if (Take(incoming_)) Send();
    StartRead(&incoming_);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  context_.TryCancel();  // half a session is of no use
  RemoveHold();
}

void SimulatedAgent::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (ok && std::exchange(send_again_, false)) Send();
}

void SimulatedAgent::OnDone(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  end_ = FromGrpc(status);
}

absl::Status SimulatedAgent::EndOneRank() {
  v1::ReportExitRequest request;
  {
    absl::MutexLock lock(&mutex_);
    if (ranks_.empty()) return absl::NotFoundError(absl::StrCat("no rank runs on ", identity_.worker()));
    const auto first = ranks_.begin();
    identity_.Sign(first->second.desired, request);
    request.set_step(first->second.step);
    ended_.insert(first->first);
    ranks_.erase(first);
  }
  request.set_failure(v1::FAILURE_CLASS_SUCCESS);
  request.set_total_steps(kTotalSteps);
  request.mutable_at()->set_seconds(absl::ToUnixSeconds(absl::Now()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallLimit));
  v1::ReportExitResponse response;
  const grpc::Status status = stub_->ReportExit(&context, request, &response);
  absl::MutexLock lock(&mutex_);
  Send();
  return FromGrpc(status);
}

bool SimulatedAgent::AwaitStarted(std::int64_t before, absl::Duration limit) const {
  absl::MutexLock lock(&mutex_);
  const auto more = [this, before]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return started_ > before; };
  return mutex_.AwaitWithTimeout(absl::Condition(&more), limit);
}

absl::Status SimulatedAgent::session() const {
  absl::MutexLock lock(&mutex_);
  return end_.value_or(absl::OkStatus());
}

Samples SimulatedAgent::TakeRoundTrips() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(round_trips_, Samples());
}

int SimulatedAgent::ranks() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(ranks_.size());
}

bool SimulatedAgent::answered() const {
  absl::MutexLock lock(&mutex_);
  return answered_;
}

std::int64_t SimulatedAgent::started() const {
  absl::MutexLock lock(&mutex_);
  return started_;
}

}  // namespace simclr::bench
