#include "tests/support/scripted_coordinator.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/base/protocol.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_convert.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(20);

std::string WriteFile(const std::string& path, const std::string& text) {
  PosixFileSystem().Write(path, text).IgnoreError();
  return path;
}

}  // namespace

ScriptedCoordinator::ScriptedCoordinator() : ca_(MakeCa("test", absl::Now()).value()) {
  desired_.set_cluster_id("c-test");
  desired_.set_protocol(kProtocol);
  CertificateRequest request;
  request.common_name = "coordinator";
  request.dns_names = {"localhost"};
  request.ip_addresses = {"127.0.0.1"};
  tls_ = Issue(ca_, "coordinator", request);
  ComeBack();
}

TlsFiles ScriptedCoordinator::Issue(const KeyPair& ca, const std::string& name, CertificateRequest request) {
  const KeyPair pair = IssueCertificate(ca, request, absl::Now()).value();
  return {WriteFile(directory_ / (name + "-ca.crt"), ca.certificate),
          WriteFile(directory_ / (name + ".crt"), pair.certificate),
          WriteFile(directory_ / (name + ".key"), pair.key)};
}

TlsFiles ScriptedCoordinator::AgentTls(const std::string& worker, bool other_ca) {
  CertificateRequest request;
  request.common_name = worker;
  request.uris = {WorkerUri(worker)};
  return Issue(other_ca ? MakeCa("other", absl::Now()).value() : ca_, worker, request);
}

void ScriptedCoordinator::GoAway() {
  {
    absl::MutexLock lock(&mutex_);
    away_ = true;
    for (grpc::ServerContext* session : sessions_) session->TryCancel();
  }
  server_.reset();
}

void ScriptedCoordinator::ComeBack() {
  {
    absl::MutexLock lock(&mutex_);
    away_ = false;
    desired_.set_term(desired_.term() + 1);
    desired_.set_holder(RandomBits());
    observed_.Clear();
  }
  RpcServerOptions options;
  options.listen = absl::StrCat("127.0.0.1:", port_);
  options.tls = tls_;
  server_ = RpcServer::Start(options, {this}).value();
  port_ = server_->port();
}

std::string ScriptedCoordinator::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void ScriptedCoordinator::Want(std::vector<v1::DesiredRank> ranks) {
  absl::MutexLock lock(&mutex_);
  desired_.clear_ranks();
  for (v1::DesiredRank& rank : ranks) *desired_.add_ranks() = std::move(rank);
}

void ScriptedCoordinator::Refuse(std::optional<SessionRefusal> why) {
  absl::MutexLock lock(&mutex_);
  refusal_ = why;
  refused_ = 0;
}

void ScriptedCoordinator::ForgetIncarnations() {
  absl::MutexLock lock(&mutex_);
  incarnations_.clear();
}

bool ScriptedCoordinator::AwaitObserved(const std::function<bool(const v1::Observed&)>& condition,
                                        absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  const auto satisfied = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return condition(observed_); };
  return mutex_.AwaitWithTimeout(absl::Condition(&satisfied), limit);
}

bool ScriptedCoordinator::AwaitExits(std::size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto satisfied = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return exits_.size() >= count; };
  return mutex_.AwaitWithTimeout(absl::Condition(&satisfied), kLimit);
}

bool ScriptedCoordinator::AwaitCommits(std::size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto satisfied = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return commits_.size() >= count; };
  return mutex_.AwaitWithTimeout(absl::Condition(&satisfied), kLimit);
}

bool ScriptedCoordinator::AwaitArchived(std::size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto satisfied = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return archived_.size() >= count; };
  return mutex_.AwaitWithTimeout(absl::Condition(&satisfied), kLimit);
}

bool ScriptedCoordinator::AwaitRefused(std::size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto satisfied = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return refused_ >= count; };
  return mutex_.AwaitWithTimeout(absl::Condition(&satisfied), kLimit);
}

v1::Observed ScriptedCoordinator::observed() const {
  absl::MutexLock lock(&mutex_);
  return observed_;
}

std::vector<v1::ReportExitRequest> ScriptedCoordinator::exits() const {
  absl::MutexLock lock(&mutex_);
  return exits_;
}

std::vector<v1::CommitCheckpointRequest> ScriptedCoordinator::commits() const {
  absl::MutexLock lock(&mutex_);
  return commits_;
}

std::vector<v1::LogArchivedRequest> ScriptedCoordinator::archived() const {
  absl::MutexLock lock(&mutex_);
  return archived_;
}

std::size_t ScriptedCoordinator::refused() const {
  absl::MutexLock lock(&mutex_);
  return refused_;
}

bool ScriptedCoordinator::AwaitSessions(int opened) {
  absl::MutexLock lock(&mutex_);
  const auto enough = [this, opened]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return opened_ >= opened; };
  return mutex_.AwaitWithTimeout(absl::Condition(&enough), kLimit);
}

int ScriptedCoordinator::gaps() const {
  absl::MutexLock lock(&mutex_);
  return gaps_;
}

int ScriptedCoordinator::disordered() const {
  absl::MutexLock lock(&mutex_);
  return disordered_;
}

v1::Desired ScriptedCoordinator::Answer(const v1::Observed& observed) {
  disordered_ += observed.nonce() == observed_.nonce() && observed.sequence() <= observed_.sequence() ? 1 : 0;
  observed_ = observed;
  std::uint64_t& incarnation = incarnations_[observed.nonce()];
  if (incarnation == 0) incarnation = ++last_incarnation_;
  v1::Desired desired = desired_;
  desired.set_incarnation(incarnation);
  // What a coordinator does: the endpoint that rank 0 opened goes to every rank.
  for (v1::DesiredRank& rank : *desired.mutable_ranks()) {
    for (const v1::ObservedRank& live : observed.ranks()) {
      if (live.store_endpoint().empty()) continue;
      rank.set_store_endpoint(live.store_endpoint());
      if (rank.order() == v1::ORDER_PREPARE) rank.set_order(v1::ORDER_RUN);
    }
  }
  return desired;
}

grpc::Status ScriptedCoordinator::Session(grpc::ServerContext* context,
                                          grpc::ServerReaderWriter<v1::Desired, v1::Observed>* stream) {
  {
    absl::MutexLock lock(&mutex_);
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    sessions_.push_back(context);
    ++opened_;
  }
  const auto close = [&](const absl::Status& end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::erase(sessions_, context);
    gaps_ += sessions_.empty() ? 1 : 0;
    return ToGrpc(end);
  };
  v1::Observed observed;
  for (std::int64_t sequence = 1; stream->Read(&observed); ++sequence) {
    v1::Desired desired;
    {
      absl::MutexLock lock(&mutex_);
      if (refusal_.has_value()) {
        ++refused_;
        return close(SessionRefusalStatus(*refusal_, kRefused));
      }
      desired = Answer(observed);
    }
    desired.set_sequence(sequence);
    stream->Write(desired);
  }
  absl::MutexLock lock(&mutex_);
  return close(absl::OkStatus());
}

grpc::Status ScriptedCoordinator::ReportExit(grpc::ServerContext*, const v1::ReportExitRequest* request,
                                             v1::ReportExitResponse*) {
  absl::MutexLock lock(&mutex_);
  exits_.push_back(*request);
  return grpc::Status::OK;
}

grpc::Status ScriptedCoordinator::CommitCheckpoint(grpc::ServerContext*,
                                                   const v1::CommitCheckpointRequest* request,
                                                   v1::CommitCheckpointResponse*) {
  absl::MutexLock lock(&mutex_);
  commits_.push_back(*request);
  return grpc::Status::OK;
}

grpc::Status ScriptedCoordinator::PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*,
                                              v1::PushMetricsResponse*) {
  return grpc::Status::OK;
}

grpc::Status ScriptedCoordinator::LogArchived(grpc::ServerContext*, const v1::LogArchivedRequest* request,
                                              v1::LogArchivedResponse*) {
  absl::MutexLock lock(&mutex_);
  archived_.push_back(*request);
  return grpc::Status::OK;
}

}  // namespace simclr::agent
