// What odd messages get from a coordinator over real gRPC, and what they leave behind.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "coordinator/server/coordinator_server.h"
#include "tests/support/http_get.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(20);

class RefusedMessages : public ::testing::Test {
 protected:
  void SetUp() override {
    CoordinatorServerOptions options;
    options.data_directory = directory_ / "data";
    options.artifact_root = directory_ / "artifacts";
    server_ = CoordinatorServer::Start(options).value();
    channel_ = MakeChannel(server_->address(), {}).value();
    workers_ = v1::WorkerService::NewStub(channel_);
    jobs_ = v1::JobService::NewStub(channel_);
  }

  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(absl::ToChronoTime(absl::Now() + kLimit));
    return context;
  }

  std::string MetricsPage() {
    const std::string& address = server_->http_address();
    return HttpGet(std::stoi(address.substr(address.rfind(':') + 1)), "/metrics");
  }

  static std::string Counted(const std::string& message, const std::string& reason, int count) {
    return absl::StrCat("simclr_coordinator_refused_messages_total{message=\"", message, "\",reason=\"",
                        reason, "\"} ", count, "\n");
  }

  TemporaryDirectory directory_;
  std::unique_ptr<CoordinatorServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
};

TEST_F(RefusedMessages, AStateThatListsASlotTwiceIsLeftOutAndTheSessionGoesOn) {
  const auto context = Context();
  const auto session = workers_->Session(context.get());
  const v1::Observed good = WorkerReport("worker-1", 7, 2);
  v1::Observed bad = good;
  bad.mutable_slots(1)->set_index(0);
  v1::Observed absurd = good;
  absurd.mutable_slots(1)->set_index(1'000'000'000);
  v1::Observed controls = good;
  controls.set_address("\x1b[2J");
  ASSERT_TRUE(session->Write(good));
  v1::Desired desired;
  ASSERT_TRUE(session->Read(&desired));
  for (const v1::Observed& odd : {bad, absurd, controls}) ASSERT_TRUE(session->Write(odd));
  ASSERT_TRUE(session->Write(WorkerReport("worker-1", 7, 3)));
  ASSERT_TRUE(session->Read(&desired));
  context->TryCancel();
  EXPECT_EQ(server_->coordinator().ListWorkers({})->workers(0).slots_size(), 3);
  const std::string page = MetricsPage();
  EXPECT_THAT(page, HasSubstr(Counted("Observed", "context", 1)));
  EXPECT_THAT(page, HasSubstr(Counted("Observed", "range", 1)));
  EXPECT_THAT(page, HasSubstr(Counted("Observed", "text", 1)));
}

TEST_F(RefusedMessages, AStateWithTextThatIsNotUtf8IsLeftOutAndTheSessionGoesOn) {
  const auto context = Context();
  const auto session = workers_->Session(context.get());
  ASSERT_TRUE(session->Write(WorkerReport("worker-1", 7, 2)));
  v1::Desired desired;
  ASSERT_TRUE(session->Read(&desired));
  v1::Observed latin = WorkerReport("worker-1", 7, 2);
  latin.set_address("caf\xe9:1");
  ASSERT_TRUE(session->Write(latin));
  ASSERT_TRUE(session->Write(WorkerReport("worker-1", 7, 3)));
  ASSERT_TRUE(session->Read(&desired));
  context->TryCancel();
  EXPECT_EQ(server_->coordinator().ListWorkers({})->workers(0).slots_size(), 3);
  EXPECT_THAT(MetricsPage(), HasSubstr(Counted("Observed", "unreadable", 1)));
  EXPECT_THAT(MetricsPage(), HasSubstr("simclr_coordinator_unreadable_messages_total{worker=\"\"} 1\n"));
}

TEST_F(RefusedMessages, ASessionWhoseFirstStateCannotBeReadEnds) {
  const auto context = Context();
  const auto session = workers_->Session(context.get());
  v1::Observed latin = WorkerReport("worker-1", 7, 2);
  latin.set_address("caf\xe9:1");
  ASSERT_TRUE(session->Write(latin));
  const grpc::Status end = session->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(end.error_message(), HasSubstr("Observed cannot be read"));
}

// The server cannot tell it from an agent that went away (docs/security-model.md).
TEST_F(RefusedMessages, AStateThatIsLargerThanGrpcTakesEndsItsSession) {
  const auto context = Context();
  const auto session = workers_->Session(context.get());
  ASSERT_TRUE(session->Write(WorkerReport("worker-1", 7, 2)));
  v1::Desired desired;
  ASSERT_TRUE(session->Read(&desired));
  session->Write(WorkerReport(std::string(kMaxMessageBytes + 1, 'w'), 7, 1));
  EXPECT_EQ(session->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(RefusedMessages, ARequestWithTextThatIsNotUtf8IsCountedByWhoSentIt) {
  v1::GetJobRequest request;
  request.set_job("caf\xe9");
  v1::Job job;
  EXPECT_EQ(jobs_->GetJob(Context().get(), request, &job).error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(MetricsPage(), HasSubstr(Counted("GetJobRequest", "unreadable", 1)));
  EXPECT_THAT(MetricsPage(), HasSubstr("simclr_coordinator_unreadable_messages_total{worker=\"\"} 1\n"));
}

TEST_F(RefusedMessages, AStateThatNamesNoWorkerEndsItsSession) {
  const auto context = Context();
  const auto session = workers_->Session(context.get());
  ASSERT_TRUE(session->Write(WorkerReport(std::string(10'000, 'w'), 7, 1)));
  const grpc::Status end = session->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(end.error_message(), HasSubstr("Observed.worker has 10000 bytes; at most 253"));
}

TEST_F(RefusedMessages, ACommitBesideItsJobIsRefused) {
  v1::CommitCheckpointRequest request;
  request.set_worker("worker-1");
  request.mutable_checkpoint()->set_job_id("j-1");
  request.mutable_checkpoint()->set_attempt(1);
  request.mutable_checkpoint()->set_path("j-1/checkpoints/../../j-2/checkpoints/a1-s5");
  v1::CommitCheckpointResponse response;
  const grpc::Status status = workers_->CommitCheckpoint(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("must be below j-1/checkpoints/"));
  EXPECT_THAT(MetricsPage(), HasSubstr(Counted("CommitCheckpointRequest", "context", 1)));
}

TEST_F(RefusedMessages, AWordThatOnlyANewerAgentKnowsReadsAsUnspecified) {
  v1::ReportExitRequest exit;
  exit.set_worker("worker-1");
  exit.set_job_id("j-1");
  exit.set_attempt(1);
  exit.set_failure(static_cast<v1::FailureClass>(99));
  v1::ReportExitResponse response;
  const grpc::Status status = workers_->ReportExit(Context().get(), exit, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);  // it came in, and is stale
}

TEST_F(RefusedMessages, PeopleHearWhatIsWrongWithTheirRequest) {
  v1::ListJobsRequest list;
  list.add_phases(static_cast<v1::Phase>(99));
  v1::ListJobsResponse listed;
  grpc::Status status = jobs_->ListJobs(Context().get(), list, &listed);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("ListJobsRequest.phases[0] is 99, no word of Phase"));

  v1::SubmitJobRequest submit = SubmitRequest(PretrainSpec("big"));
  submit.mutable_spec()->mutable_data()->set_source(absl::StrCat("folder:/", std::string(1 << 20, 'x')));
  v1::SubmitJobResponse submitted;
  status = jobs_->SubmitJob(Context().get(), submit, &submitted);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("SubmitJobRequest.spec.data.source has 1048584 bytes"));
}

}  // namespace
}  // namespace simclr::coordinator
