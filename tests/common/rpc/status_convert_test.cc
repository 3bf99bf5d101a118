#include "common/base/session_refusal.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_convert.h"
#include "simclr/v1/worker_service.grpc.pb.h"

namespace simclr {
namespace {

constexpr SessionRefusal kAll[] = {SessionRefusal::kReplaced, SessionRefusal::kNameTaken,
                                   SessionRefusal::kProtocol};

// Ends each session with what the test says.
class RefusingService : public v1::WorkerService::Service {
 public:
  explicit RefusingService(absl::Status status) : status_(std::move(status)) {}

  grpc::Status Session(grpc::ServerContext*, grpc::ServerReaderWriter<v1::Desired, v1::Observed>*) override {
    return ToGrpc(status_);
  }

 private:
  const absl::Status status_;
};

absl::Status OpenSession(const absl::Status& answer) {
  RefusingService service(answer);
  const auto server = RpcServer::Start({}, {&service}).value();
  const auto stub = v1::WorkerService::NewStub(MakeChannel(server->address(), {}).value());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
  return FromGrpc(stub->Session(&context)->Finish());
}

TEST(SessionRefusal, ArrivesWithCodeAndMessage) {
  for (const SessionRefusal why : kAll) {
    const absl::Status sent = SessionRefusalStatus(why, "worker-1 runs on 10.0.0.2, pid 7");
    const absl::Status arrived = OpenSession(sent);
    EXPECT_EQ(SessionRefusalOf(arrived), why) << SessionRefusalWord(why);
    EXPECT_EQ(arrived, sent);
  }
}

TEST(SessionRefusal, OfATakenNameIsAlreadyExistsAndElseAFailedPrecondition) {
  EXPECT_TRUE(absl::IsAlreadyExists(SessionRefusalStatus(SessionRefusal::kNameTaken, "")));
  EXPECT_TRUE(absl::IsFailedPrecondition(SessionRefusalStatus(SessionRefusal::kReplaced, "")));
  EXPECT_TRUE(absl::IsFailedPrecondition(SessionRefusalStatus(SessionRefusal::kProtocol, "")));
}

TEST(SessionRefusal, IsNotReadIntoOtherEnds) {
  EXPECT_EQ(SessionRefusalOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(SessionRefusalOf(OpenSession(absl::FailedPreconditionError("replaced: stale attempt"))),
            std::nullopt);
  EXPECT_EQ(SessionRefusalOf(WithSessionRefusalDetails(absl::UnavailableError(""), "a word of tomorrow")),
            std::nullopt);
}

}  // namespace
}  // namespace simclr
