#include "worker/agent/grpc_coordinator_client.h"

#include <pthread.h>

#include <atomic>
#include <type_traits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/session_refusal.h"
#include "common/base/status_macros.h"
#include "common/edge/check_message.h"
#include "common/edge/forget_unknown.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "worker/agent/edge/check_context.h"
#include "worker/agent/log_stream.h"
#include "worker/agent/session_stream.h"

namespace simclr::agent {
namespace {

// For the coordinator to end a session that the agent closed.
constexpr absl::Duration kCloseLimit = absl::Seconds(1);
// A stream of logs that lasted so long was taken.
constexpr absl::Duration kSteady = absl::Seconds(10);

// The door to what the coordinator says.
template <typename Message>
absl::Status Admit(RefusedMessages& refused, Message& message) {
  ForgetUnknown(message);
  absl::Status admitted = CheckMessage(message);
  if constexpr (std::is_same_v<Message, v1::Desired>) {
    if (admitted.ok()) admitted = CheckDesired(message);
  }
  if (!admitted.ok()) {
    refused.Count(message, admitted);
    LogWarning("the coordinator's word is refused", {{"cause", std::string(admitted.message())}});
  }
  return admitted;
}

// A coordinator that does not trust the agent's certificate hangs up without a word.
std::string ExplainEnd(const absl::Status& end) {
  const bool hung_up = absl::IsUnavailable(end) && absl::StrContains(end.message(), "Socket closed");
  return absl::StrCat(end.ToString(), hung_up ? "; does the coordinator trust the CA of --tls-cert?" : "");
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcCoordinatorClient>> GrpcCoordinatorClient::Create(
    const CoordinatorClientOptions& options, RefusedMessages& refused) {
  SIMCLR_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                          MakeChannel(options.coordinator, options.tls));
  return std::unique_ptr<GrpcCoordinatorClient>(
      new GrpcCoordinatorClient(options, std::move(channel), refused));
}

GrpcCoordinatorClient::GrpcCoordinatorClient(const CoordinatorClientOptions& options,
                                             std::shared_ptr<grpc::Channel> channel, RefusedMessages& refused)
    : options_(options),
      refused_(refused),
      channel_(std::move(channel)),
      stub_(v1::WorkerService::NewStub(channel_)) {}

GrpcCoordinatorClient::~GrpcCoordinatorClient() {
  StopSession();
}

void GrpcCoordinatorClient::StartSession(Callbacks callbacks) {
  logs_ = std::jthread([this, callbacks] {
    ::pthread_setname_np(::pthread_self(), "log-stream");
    KeepLogs(callbacks);
  });
  session_ = std::jthread([this, callbacks = std::move(callbacks)] {
    ::pthread_setname_np(::pthread_self(), "session");
    KeepSession(callbacks);
  });
}

void GrpcCoordinatorClient::StopSession() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (log_stream_ != nullptr) log_stream_->Cancel();
    if (stream_ != nullptr) {
      stream_->Close();
      const auto ended = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stream_ == nullptr; };
      if (!mutex_.AwaitWithTimeout(absl::Condition(&ended), kCloseLimit)) stream_->Cancel();
    }
  }
  if (session_.joinable()) session_.join();
  if (logs_.joinable()) logs_.join();
}

void GrpcCoordinatorClient::SendObserved(const v1::Observed& observed) {
  absl::MutexLock lock(&mutex_);
  newest_ = observed;
  if (stream_ != nullptr) SendNewest();
}

void GrpcCoordinatorClient::SendNewest() {
  newest_->set_sequence(++sequence_);
  stream_->Send(*newest_);
}

void GrpcCoordinatorClient::KeepSession(const Callbacks& callbacks) {
  Backoff backoff(options_.reconnect, RandomBits());
  while (const std::optional<absl::Status> end = RunSession(callbacks, backoff)) {
    const std::optional<SessionRefusal> refusal = SessionRefusalOf(*end);
    if (refusal.has_value()) callbacks.on_refused(*end);
    if (refusal == SessionRefusal::kReplaced) return;
    const absl::Duration delay = refusal == SessionRefusal::kProtocol ? options_.update_wait : backoff.Next();
    LogWarning("session with the coordinator ended", {{"coordinator", options_.coordinator},
                                                      {"cause", ExplainEnd(*end)},
                                                      {"retry_in", absl::FormatDuration(delay)}});
    if (!WaitBeforeRetry(delay)) return;
  }
}

std::optional<absl::Status> GrpcCoordinatorClient::RunSession(const Callbacks& callbacks, Backoff& backoff) {
  // The first Desired proves that the coordinator took the session.
  std::atomic<bool> connected = false;
  auto stream = std::make_shared<SessionStream>([&](v1::Desired& desired) {
    if (!connected.exchange(true)) {
      SetTaken(true);
      callbacks.on_connection(true);
    }
    if (Admit(refused_, desired).ok()) callbacks.on_desired(desired);
  });
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return std::nullopt;
    stream->Start(*stub_);
    stream_ = stream;
    if (newest_.has_value()) SendNewest();
  }
  const absl::Status end = stream->AwaitEnd();
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
    if (stopping_) return std::nullopt;
  }
  SetTaken(false);
  if (connected) {
    backoff.Reset();
    callbacks.on_connection(false);
  }
  return end;
}

void GrpcCoordinatorClient::KeepLogs(const Callbacks& callbacks) {
  Backoff backoff(options_.reconnect, RandomBits());
  absl::Duration delay;
  do {
    const absl::Duration begin = RealClock().Monotonic();
    RunLogs(callbacks);
    if (RealClock().Monotonic() - begin > kSteady) backoff.Reset();
    delay = backoff.Next();
  } while (WaitBeforeRetry(delay));
}

void GrpcCoordinatorClient::RunLogs(const Callbacks& callbacks) {
  auto stream = std::make_shared<LogStream>([this, &callbacks](v1::LogWanted& wanted) {
    if (Admit(refused_, wanted).ok()) callbacks.on_log_wanted(wanted);
  });
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || !taken_) return;
    stream->Start(*stub_);
    v1::LogPiece hello;
    hello.set_worker(newest_->worker());
    hello.set_nonce(newest_->nonce());
    stream->Send(std::move(hello));
    log_stream_ = stream;
  }
  static_cast<void>(stream->AwaitEnd());  // the session says what is wrong
  absl::MutexLock lock(&mutex_);
  log_stream_ = nullptr;
}

void GrpcCoordinatorClient::SendLogPiece(v1::LogPiece piece) {
  std::shared_ptr<LogStream> stream;
  {
    absl::MutexLock lock(&mutex_);
    stream = log_stream_;
  }
  if (stream != nullptr) stream->Send(std::move(piece));
}

void GrpcCoordinatorClient::SetTaken(bool taken) {
  absl::MutexLock lock(&mutex_);
  taken_ = taken;
}

bool GrpcCoordinatorClient::WaitBeforeRetry(absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), delay);
}

template <typename Response, typename Call>
absl::StatusOr<Response> GrpcCoordinatorClient::Invoke(Call call) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
  Response response;
  SIMCLR_RETURN_IF_ERROR(FromGrpc(call(&context, &response)));
  SIMCLR_RETURN_IF_ERROR(Admit(refused_, response));
  return response;
}

absl::Status GrpcCoordinatorClient::ReportExit(const v1::ReportExitRequest& request) {
  return Invoke<v1::ReportExitResponse>(
             [&](auto* context, auto* response) { return stub_->ReportExit(context, request, response); })
      .status();
}

absl::Status GrpcCoordinatorClient::CommitCheckpoint(const v1::CommitCheckpointRequest& request) {
  return Invoke<v1::CommitCheckpointResponse>([&](auto* context, auto* response) {
           return stub_->CommitCheckpoint(context, request, response);
         })
      .status();
}

absl::Status GrpcCoordinatorClient::PushMetrics(const v1::PushMetricsRequest& request) {
  return Invoke<v1::PushMetricsResponse>(
             [&](auto* context, auto* response) { return stub_->PushMetrics(context, request, response); })
      .status();
}

absl::Status GrpcCoordinatorClient::LogArchived(const v1::LogArchivedRequest& request) {
  return Invoke<v1::LogArchivedResponse>(
             [&](auto* context, auto* response) { return stub_->LogArchived(context, request, response); })
      .status();
}

}  // namespace simclr::agent
