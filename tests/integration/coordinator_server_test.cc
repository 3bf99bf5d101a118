// The coordinator as a whole over real gRPC and TLS, with a scripted agent.
#include "coordinator/server/coordinator_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/crypto/certificates.h"
#include "common/crypto/token.h"
#include "common/rpc/channel.h"
#include "common/rpc/peer.h"
#include "tests/support/http_get.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

constexpr char kToken[] = "0123456789";
constexpr absl::Duration kLimit = absl::Seconds(20);

// A directory with two authorities, certificates and tokens, and the server on it.
class CoordinatorServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const KeyPair ca = MakeCa("ca", absl::Now()).value();
    Write("ca.crt", ca.certificate);
    Issue(ca, "coordinator", {}, "coordinator");
    Issue(ca, "worker-1", {WorkerUri("worker-1")}, "worker-1");
    Issue(ca, "worker-2", {WorkerUri("worker-2")}, "worker-2");
    const KeyPair other = MakeCa("other", absl::Now()).value();
    Write("other-ca.crt", other.certificate);
    Issue(other, "worker-1", {WorkerUri("worker-1")}, "stranger");
    Write("tokens", absl::StrCat("ann user ", HashToken(kToken), "\nvic viewer ", HashToken("viewer"),
                                 "\nbob user ", HashToken("bob"), "\n"));
    StartServer();
  }

  void StartServer() {
    server_.reset();
    CoordinatorServerOptions options;
    options.data_directory = directory_ / "data";
    options.artifact_root = directory_ / "artifacts";
    options.tls = {directory_ / "ca.crt", directory_ / "coordinator.crt", directory_ / "coordinator.key"};
    options.tokens_file = directory_ / "tokens";
    options.endpoint_file = directory_ / "endpoint.json";
    options.data_roots = {"/"};
    server_ = CoordinatorServer::Start(options).value();
  }

  std::shared_ptr<grpc::Channel> Channel(const std::string& certificate = "", const std::string& ca = "ca") {
    TlsFiles tls{directory_ / (ca + ".crt"), "", ""};
    if (!certificate.empty()) {
      tls.certificate = directory_ / (certificate + ".crt");
      tls.key = directory_ / (certificate + ".key");
    }
    return MakeChannel(server_->address(), tls).value();
  }

  static std::unique_ptr<grpc::ClientContext> Context(const std::string& token = "") {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(absl::ToChronoTime(absl::Now() + kLimit));
    SetBearerToken(*context, token);
    return context;
  }

  grpc::Status Submit(const std::string& token, const v1::JobSpec& spec, v1::SubmitJobResponse& response) {
    return v1::JobService::NewStub(Channel())->SubmitJob(Context(token).get(), SubmitRequest(spec, "r1"),
                                                         &response);
  }

  v1::Job Get(const std::string& job) {
    v1::GetJobRequest request;
    request.set_job(job);
    v1::Job response;
    EXPECT_TRUE(v1::JobService::NewStub(Channel())->GetJob(Context(kToken).get(), request, &response).ok());
    return response;
  }

  // Follows the job until it is in `phase`, by WatchJobs.
  bool Reaches(const std::string& job, v1::Phase phase) {
    const auto stub = v1::JobService::NewStub(Channel());
    const auto context = Context(kToken);
    v1::WatchJobsRequest request;
    request.add_jobs(job);
    const auto reader = stub->WatchJobs(context.get(), request);
    v1::JobChange change;
    bool reached = false;
    while (!reached && reader->Read(&change)) reached = change.job().status().phase() == phase;
    context->TryCancel();
    while (reader->Read(&change)) {
    }
    (void)reader->Finish();
    return reached;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<CoordinatorServer> server_;

 private:
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(PosixFileSystem().Write(directory_ / name, bytes).ok());
  }
  void Issue(const KeyPair& ca, const std::string& name, std::vector<std::string> uris,
             const std::string& file) {
    CertificateRequest request;
    request.common_name = name;
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1"};
    request.uris = std::move(uris);
    const KeyPair pair = IssueCertificate(ca, request, absl::Now()).value();
    Write(file + ".crt", pair.certificate);
    Write(file + ".key", pair.key);
  }
};

// An agent whose session is played by hand: a FakeAgent over gRPC.
class RemoteAgent {
 public:
  RemoteAgent(const std::string& name, std::shared_ptr<grpc::Channel> channel)
      : agent(name, 1), stub_(v1::WorkerService::NewStub(std::move(channel))) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kLimit));
    stream_ = stub_->Session(&context_);
  }
  ~RemoteAgent() {
    context_.TryCancel();
    (void)stream_->Finish();
  }

  // Says everything, then obeys each Desired until `done` holds.
  bool Until(const std::function<bool()>& done) {
    v1::Desired desired;
    while (!done()) {
      if (!stream_->Write(agent.Report()) || !stream_->Read(&desired)) return false;
      agent.Obey(desired);
      last_term = desired.term();
    }
    return true;
  }
  bool Started() { return !agent.ranks().empty() && agent.ranks()[0].started(); }

  grpc::Status Exit(v1::FailureClass failure) {
    v1::ReportExitRequest request;
    request.set_worker(agent.name());
    const v1::ObservedRank rank = agent.ranks().at(0);
    request.set_nonce(rank.nonce());
    request.set_exit_code(failure == v1::FAILURE_CLASS_SUCCESS ? 0 : 1);
    request.set_job_id(rank.job_id());
    request.set_attempt(rank.attempt());
    request.set_rank(rank.rank());
    request.set_failure(failure);
    v1::ReportExitResponse response;
    grpc::ClientContext context;
    return stub_->ReportExit(&context, request, &response);
  }

  FakeAgent agent;
  std::int64_t last_term = 0;

 private:
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::Observed, v1::Desired>> stream_;
};

TEST_F(CoordinatorServerTest, RunsAJobOfTwoRanksToSuccess) {
  v1::SubmitJobResponse submitted;
  ASSERT_TRUE(Submit(kToken, PretrainSpec("pair", 2), submitted).ok());
  const std::string id = submitted.job().id();
  RemoteAgent one("worker-1", Channel("worker-1")), two("worker-2", Channel("worker-2"));
  ASSERT_TRUE(one.Until([&] {
    EXPECT_TRUE(two.Until([beats = 0]() mutable { return beats++ == 1; }));
    return one.Started() && two.Started();
  }));
  two.Until([beats = 0]() mutable { return beats++ == 2; });
  one.Until([beats = 0]() mutable { return beats++ == 2; });
  ASSERT_TRUE(Reaches(id, v1::PHASE_RUNNING));

  const std::string rank_zero = Get(id).status().placement(0).worker();
  v1::PushMetricsRequest push;
  push.set_worker(rank_zero);
  push.set_job_id(id);
  push.set_attempt(1);
  push.set_nonce(Get(id).status().attempts(0).nonce());
  for (int step : {1, 2}) push.add_samples()->set_step(step);
  v1::PushMetricsResponse pushed;
  grpc::ClientContext context;
  ASSERT_TRUE(v1::WorkerService::NewStub(Channel(rank_zero))->PushMetrics(&context, push, &pushed).ok());

  EXPECT_TRUE(one.Exit(v1::FAILURE_CLASS_SUCCESS).ok());
  EXPECT_TRUE(two.Exit(v1::FAILURE_CLASS_SUCCESS).ok());
  EXPECT_TRUE(Reaches(id, v1::PHASE_SUCCEEDED));

  v1::StreamMetricsRequest request;
  request.set_job("pair");
  request.set_follow(true);
  const auto reader_context = Context(kToken);
  const auto stub = v1::JobService::NewStub(Channel());
  const auto reader = stub->StreamMetrics(reader_context.get(), request);
  v1::StepMetrics sample;
  int samples = 0;
  while (reader->Read(&sample)) ++samples;
  EXPECT_TRUE(reader->Finish().ok()) << "the stream ends with the job";
  EXPECT_EQ(samples, 2);
}

TEST_F(CoordinatorServerTest, RefusesAnAgentOfAnotherAuthority) {
  RemoteAgent stranger("worker-1", Channel("stranger"));
  EXPECT_FALSE(stranger.Until([] { return false; }));
  EXPECT_TRUE(server_->coordinator().Workers().empty());
}

TEST_F(CoordinatorServerTest, RefusesWorkerOnesCertificateForWorkerTwo) {
  RemoteAgent liar("worker-2", Channel("worker-1"));
  EXPECT_FALSE(liar.Until([] { return false; }));
  v1::ReportExitRequest request;
  request.set_worker("worker-2");
  v1::ReportExitResponse response;
  const grpc::Status status =
      v1::WorkerService::NewStub(Channel("worker-1"))->ReportExit(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("worker-1, which cannot report for worker-2"));
  EXPECT_TRUE(server_->coordinator().Workers().empty());
}

TEST_F(CoordinatorServerTest, RefusesAPersonAsAWorkerAndAWorkerAsAPerson) {
  v1::ReportExitResponse exit;
  EXPECT_EQ(v1::WorkerService::NewStub(Channel())->ReportExit(Context(kToken).get(), {}, &exit).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  v1::ListJobsResponse jobs;
  EXPECT_EQ(v1::JobService::NewStub(Channel("worker-1"))->ListJobs(Context().get(), {}, &jobs).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(CoordinatorServerTest, GoesByTheRoleOfTheToken) {
  v1::SubmitJobResponse response;
  EXPECT_EQ(Submit("", PretrainSpec("a"), response).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Submit("wrong", PretrainSpec("a"), response).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Submit("viewer", PretrainSpec("a"), response).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Submit(kToken, PretrainSpec("a"), response).ok());
  EXPECT_EQ(response.job().owner(), "ann");
  v1::CancelJobRequest cancel;
  cancel.set_job("a");
  v1::Job job;
  const auto stub = v1::JobService::NewStub(Channel());
  EXPECT_EQ(stub->CancelJob(Context("bob").get(), cancel, &job).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(stub->CancelJob(Context(kToken).get(), cancel, &job).ok());
  EXPECT_EQ(job.status().phase(), v1::PHASE_CANCELLED);
  const std::string& http = server_->http_address();
  const std::string metrics = HttpGet(std::stoi(http.substr(http.rfind(':') + 1)), "/metrics");
  EXPECT_THAT(metrics, HasSubstr("simclr_auth_requests_total{reason=\"other_owner\",result=\"denied\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("simclr_auth_requests_total{reason=\"none\",result=\"allowed\"} 2"))
      << "each call counts once";
}

TEST_F(CoordinatorServerTest, KeepsEverythingOverARestartAndRaisesTheTerm) {
  v1::SubmitJobResponse submitted;
  ASSERT_TRUE(Submit(kToken, PretrainSpec("a"), submitted).ok());
  const std::string id = submitted.job().id();
  {
    RemoteAgent one("worker-1", Channel("worker-1"));
    ASSERT_TRUE(one.Until([&] { return one.Started(); }));
    EXPECT_EQ(one.last_term, 1);
  }
  StartServer();
  RemoteAgent one("worker-1", Channel("worker-1"));
  ASSERT_TRUE(one.Until([&] { return one.Started(); }));
  EXPECT_EQ(one.last_term, 2);
  EXPECT_EQ(Get(id).status().attempt(), 1) << "the gang went on";
  v1::SubmitJobResponse again;
  ASSERT_TRUE(Submit(kToken, PretrainSpec("a"), again).ok());
  EXPECT_EQ(again.job().id(), id);
}

TEST_F(CoordinatorServerTest, ServesArtifactsAndNothingElse) {
  v1::SubmitJobResponse submitted;
  ASSERT_TRUE(Submit(kToken, PretrainSpec("a"), submitted).ok());
  const std::string home = directory_ / ("artifacts/" + submitted.job().id());
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(home + "/logs").ok());
  ASSERT_TRUE(PosixFileSystem().Write(home + "/logs/a1-r0.log", "one\ntwo\nthree\n").ok());
  const auto read = [&](const std::string& path, std::int64_t offset) {
    const auto stub = v1::JobService::NewStub(Channel());
    const auto context = Context(kToken);
    v1::ReadArtifactRequest request;
    request.set_job("a");
    request.set_path(path);
    request.set_offset(offset);
    const auto reader = stub->ReadArtifact(context.get(), request);
    v1::ArtifactChunk chunk;
    std::string text;
    while (reader->Read(&chunk)) text += chunk.data();
    const grpc::Status status = reader->Finish();
    return status.ok() ? text : "error " + std::to_string(status.error_code());
  };
  EXPECT_EQ(read("logs/a1-r0.log", 0), "one\ntwo\nthree\n");
  EXPECT_EQ(read("logs/a1-r0.log", 4), "two\nthree\n");
  EXPECT_EQ(read("../../tokens", 0), "error 3");
  EXPECT_EQ(read("logs/none", 0), "error 5");
}

// Two archived logs; of the second the first 100 bytes were rotated away.
TEST_F(CoordinatorServerTest, ServesAnArchivedLogByTheOffsetsOfTheLog) {
  v1::SubmitJobResponse submitted;
  ASSERT_TRUE(Submit(kToken, PretrainSpec("a"), submitted).ok());
  const std::string id = submitted.job().id();
  {
    RemoteAgent agent("worker-1", Channel("worker-1"));
    ASSERT_TRUE(agent.Until([&] { return agent.Started(); }));
    ASSERT_TRUE(agent.Exit(v1::FAILURE_CLASS_SUCCESS).ok());
    ASSERT_TRUE(Reaches(id, v1::PHASE_SUCCEEDED));
  }
  const std::string logs = directory_ / ("artifacts/" + id + "/logs/");
  const std::string log = logs + AttemptName(1, Get(id).status().attempts(0).nonce()) + "-r0.log";
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(logs).ok());
  const auto read = [&](std::int64_t offset, std::int64_t tail_lines, int rank) {
    const auto stub = v1::JobService::NewStub(Channel());
    const auto context = Context(kToken);
    v1::ReadLogRequest request;
    request.set_job("a");
    request.set_rank(rank);
    request.set_offset(offset);
    request.set_tail_lines(tail_lines);
    const auto reader = stub->ReadLog(context.get(), request);
    v1::LogChunk chunk;
    std::string text;
    while (reader->Read(&chunk)) text += absl::StrCat(chunk.offset(), ":", chunk.data());
    const grpc::Status status = reader->Finish();
    return status.ok() ? text : status.error_message();
  };
  ASSERT_TRUE(PosixFileSystem().Write(log, "one\ntwo\nthree\n").ok());
  EXPECT_EQ(read(0, 0, 0), "0:one\ntwo\nthree\n");
  EXPECT_EQ(read(4, 0, 0), "4:two\nthree\n");
  EXPECT_EQ(read(0, 2, 0), "4:two\nthree\n");
  ASSERT_TRUE(PosixFileSystem().Write(log + ".base", "100\n").ok());
  EXPECT_EQ(read(0, 0, 0), "100:one\ntwo\nthree\n");
  EXPECT_EQ(read(104, 0, 0), "104:two\nthree\n");
  EXPECT_EQ(read(0, 1, 0), "108:three\n");
  EXPECT_THAT(read(0, 0, 1), HasSubstr("has no rank 1; its ranks are 0 to 0"));
}

TEST_F(CoordinatorServerTest, NamesThePortThatIsTaken) {
  CoordinatorServerOptions options;
  options.data_directory = directory_ / "other";
  options.artifact_root = directory_ / "artifacts";
  options.listen = server_->address();
  const absl::Status status = CoordinatorServer::Start(options).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(server_->address()));
}

TEST_F(CoordinatorServerTest, RefusesToServeTheWorldInPlaintext) {
  CoordinatorServerOptions options;
  options.data_directory = directory_ / "other";
  options.artifact_root = directory_ / "artifacts";
  options.listen = "0.0.0.0:0";
  EXPECT_TRUE(absl::IsInvalidArgument(CoordinatorServer::Start(options).status()));
}

}  // namespace
}  // namespace simclr::coordinator
