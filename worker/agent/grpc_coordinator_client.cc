#include "worker/agent/grpc_coordinator_client.h"

#include <pthread.h>

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

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcCoordinatorClient>> GrpcCoordinatorClient::Create(
    const CoordinatorClientOptions& options, RefusedMessages& refused) {
  std::unique_ptr<TlsReloader> certificates;
  std::shared_ptr<grpc::Channel> channel;
  if (options.tls.empty() || options.tls_directory.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(channel, MakeChannel(options.coordinator, options.tls));
  } else {
    SIMCLR_ASSIGN_OR_RETURN(certificates, TlsReloader::Open(options.tls, options.tls_directory, RealClock()));
    SIMCLR_ASSIGN_OR_RETURN(channel, MakeChannel(options.coordinator, *certificates));
  }
  return std::unique_ptr<GrpcCoordinatorClient>(
      new GrpcCoordinatorClient(options, std::move(certificates), std::move(channel), refused));
}

GrpcCoordinatorClient::GrpcCoordinatorClient(const CoordinatorClientOptions& options,
                                             std::unique_ptr<TlsReloader> certificates,
                                             std::shared_ptr<grpc::Channel> channel, RefusedMessages& refused)
    : options_(options),
      refused_(refused),
      certificates_(std::move(certificates)),
      channel_(std::move(channel)),
      stub_(v1::WorkerService::NewStub(channel_)) {
  if (certificates_ == nullptr) return;
  reload_ =
      std::make_unique<PeriodicTask>("reload", options_.reload_interval, [this] { certificates_->Look(); });
}

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
    for (const Session& session : sessions_) session.stream->Close();
    const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return sessions_.empty(); };
    if (!mutex_.AwaitWithTimeout(absl::Condition(&ended), kCloseLimit)) {
      for (const Session& session : sessions_) session.stream->Cancel();
    }
  }
  if (session_.joinable()) session_.join();
  if (logs_.joinable()) logs_.join();
}

void GrpcCoordinatorClient::SendObserved(const v1::Observed& observed) {
  absl::MutexLock lock(&mutex_);
  newest_ = observed;
  SendNewest();
}

void GrpcCoordinatorClient::SendNewest() {
  for (const Session& session : sessions_) {
    newest_->set_sequence(++sequence_);
    session.stream->Send(*newest_);
  }
}

std::string GrpcCoordinatorClient::ExplainEnd(const absl::Status& end) const {
  std::string text = end.ToString();
  if (!absl::IsUnavailable(end) || certificates_ == nullptr) return text;
  const absl::Status valid = certificates_->Check();
  if (!valid.ok()) return absl::StrCat(text, "; ", valid.message());
  if (absl::StrContains(end.message(), "Socket closed")) {
    absl::StrAppend(&text, "; does the coordinator trust the CA of --tls-cert?");
  } else if (absl::StrContains(end.message(), "Hostname Verification")) {
    absl::StrAppend(&text, "; its certificate does not name that address");
  }
  return text;
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
  std::optional<Session> session = OpenSession(callbacks);
  if (!session.has_value()) return std::nullopt;
  std::optional<absl::Status> end;
  while (!(end = session->stream->AwaitEnd(options_.session_age)).has_value()) Renew(callbacks, *session);
  // The first Desired proves that the coordinator took the session.
  const bool connected = Answered(*session);
  (void)EndSession(*session);
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return std::nullopt;
    taken_ = false;
  }
  if (connected) {
    backoff.Reset();
    callbacks.on_connection(false);
  }
  return end;
}

std::optional<GrpcCoordinatorClient::Session> GrpcCoordinatorClient::OpenSession(const Callbacks& callbacks) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return std::nullopt;
  const std::uint64_t number = ++last_number_;
  const Session session{number,
                        std::make_shared<SessionStream>([this, &callbacks, number](v1::Desired& desired) {
                          OnDesired(callbacks, number, desired);
                        })};
  session.stream->Start(*stub_);
  sessions_.push_back(session);
  if (newest_.has_value()) SendNewest();
  return session;
}

void GrpcCoordinatorClient::Renew(const Callbacks& callbacks, Session& session) {
  std::optional<Session> next = OpenSession(callbacks);
  if (!next.has_value()) return;
  {
    absl::MutexLock lock(&mutex_);
    const auto decided = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || answered_ >= next->number;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&decided), options_.call_timeout);
  }
  const bool answered = Answered(*next);
  if (answered) std::swap(session, *next);
  const absl::Status end = EndSession(*next);
  absl::MutexLock lock(&mutex_);
  if (answered || stopping_) return;
  LogWarning("the session with the coordinator is not renewed; the old one goes on",
             {{"cause", ExplainEnd(end)}});
}

absl::Status GrpcCoordinatorClient::EndSession(const Session& session) {
  session.stream->Close();
  std::optional<absl::Status> end = session.stream->AwaitEnd(kCloseLimit);
  if (!end.has_value()) {
    session.stream->Cancel();
    end = session.stream->AwaitEnd(absl::InfiniteDuration());
  }
  absl::MutexLock lock(&mutex_);
  std::erase_if(sessions_, [&](const Session& one) { return one.number == session.number; });
  return *end;
}

void GrpcCoordinatorClient::OnDesired(const Callbacks& callbacks, std::uint64_t session,
                                      v1::Desired& desired) {
  const bool admitted = Admit(refused_, desired).ok();
  // Held over the callbacks, so that no order of a session comes after the next one has begun.
  absl::MutexLock lock(&mutex_);
  if (session < answered_) return;
  if (session > answered_) {
    answered_ = session;
    taken_ = true;
    callbacks.on_connection(true);
  }
  if (admitted) callbacks.on_desired(desired);
}

bool GrpcCoordinatorClient::Answered(const Session& session) {
  absl::MutexLock lock(&mutex_);
  return answered_ >= session.number;
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
