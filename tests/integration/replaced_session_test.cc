// Two processes of one worker's name over real gRPC, under a clock that the test moves.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "common/base/session_refusal.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_convert.h"
#include "coordinator/server/coordinator_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

// One agent process: a session on a connection of its own.
class Process {
 public:
  Process(const std::string& address, std::uint64_t nonce)
      : stub_(v1::WorkerService::NewStub(MakeChannel(address, {}).value())), nonce_(nonce) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    session_ = stub_->Session(&context_);
  }
  ~Process() { context_.TryCancel(); }

  bool Say(std::uint64_t incarnation = 0) {
    v1::Observed observed = WorkerReport("worker-1", nonce_, 1);
    observed.set_sequence(++sequence_);
    observed.set_incarnation(incarnation);
    return session_->Write(observed);
  }
  // False where the session ended instead.
  bool Hear(v1::Desired& desired) { return session_->Read(&desired); }
  absl::Status End() { return FromGrpc(session_->Finish()); }

 private:
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  const std::uint64_t nonce_;
  std::int64_t sequence_ = 0;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::Observed, v1::Desired>> session_;
};

class ReplacedSession : public ::testing::Test {
 protected:
  void SetUp() override {
    CoordinatorServerOptions options;
    options.data_directory = directory_ / "data";
    options.artifact_root = directory_ / "artifacts";
    server_ = CoordinatorServer::Start(options, clock_).value();
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  std::unique_ptr<CoordinatorServer> server_;
};

TEST_F(ReplacedSession, IsToldSoAndGetsNoOrdersOfTheProcessThatHasTheName) {
  Process silent(server_->address(), 7);
  v1::Desired desired;
  ASSERT_TRUE(silent.Say());
  ASSERT_TRUE(silent.Hear(desired));
  EXPECT_EQ(desired.incarnation(), 1u);
  clock_.Advance(absl::Seconds(5));  // its machine hangs; the connection stays
  Process newcomer(server_->address(), 8);
  ASSERT_TRUE(newcomer.Say());
  ASSERT_TRUE(newcomer.Hear(desired));
  EXPECT_EQ(desired.incarnation(), 2u);
  EXPECT_FALSE(silent.Hear(desired)) << "orders for incarnation " << desired.incarnation();
  EXPECT_EQ(SessionRefusalOf(silent.End()), SessionRefusal::kReplaced);
  ASSERT_TRUE(newcomer.Say(2)) << "the end of the other session is not that of this one";
  ASSERT_TRUE(newcomer.Hear(desired));
  EXPECT_EQ(desired.incarnation(), 2u);
}

}  // namespace
}  // namespace simclr::coordinator
