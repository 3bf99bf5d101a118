#include "worker/agent/grpc_coordinator_client.h"

#include <gtest/gtest.h>

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/protocol.h"
#include "tests/support/scripted_coordinator.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// What the client says to the agent.
class Heard {
 public:
  CoordinatorClient::Callbacks Callbacks() {
    return {[this](const v1::Desired& desired) { OnDesired(desired); },
            [this](bool connected) { OnConnection(connected); }, [](const absl::Status&) {},
            [](const v1::LogWanted&) {}};
  }
  bool AwaitConnections(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return connected_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kPatience);
  }
  int disconnected() const {
    absl::MutexLock lock(&mutex_);
    return disconnected_;
  }
  // Orders that came after a newer one of their session, or after that of a newer session.
  int disordered() const {
    absl::MutexLock lock(&mutex_);
    return disordered_;
  }

 private:
  void OnDesired(const v1::Desired& desired) {
    absl::MutexLock lock(&mutex_);
    disordered_ += desired.sequence() != ++sequence_ ? 1 : 0;
  }
  void OnConnection(bool connected) {
    absl::MutexLock lock(&mutex_);
    ++(connected ? connected_ : disconnected_);
    sequence_ = 0;
  }

  mutable absl::Mutex mutex_;
  int connected_ ABSL_GUARDED_BY(mutex_) = 0;
  int disconnected_ ABSL_GUARDED_BY(mutex_) = 0;
  int disordered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

class GrpcCoordinatorClientTest : public ::testing::Test {
 protected:
  void Start(absl::Duration session_age) {
    CoordinatorClientOptions options;
    options.coordinator = coordinator_.address();
    options.tls = coordinator_.AgentTls("worker-1");
    options.tls_directory = directory_ / "tls";
    options.session_age = session_age;
    client_ = GrpcCoordinatorClient::Create(options, refused_).value();
    v1::Observed observed;
    observed.set_worker("worker-1");
    observed.set_nonce(7);
    observed.set_protocol(kProtocol);
    client_->SendObserved(observed);
    client_->StartSession(heard_.Callbacks());
  }

  const TemporaryDirectory directory_;
  ScriptedCoordinator coordinator_;
  RefusedMessages refused_;
  Heard heard_;
  std::unique_ptr<GrpcCoordinatorClient> client_;
};

TEST_F(GrpcCoordinatorClientTest, OpensANewSessionBeforeItClosesTheOldOne) {
  Start(absl::Milliseconds(20));
  EXPECT_TRUE(coordinator_.AwaitSessions(5));
  EXPECT_TRUE(heard_.AwaitConnections(4));
  EXPECT_EQ(coordinator_.gaps(), 0);
  EXPECT_EQ(heard_.disconnected(), 0);
  EXPECT_EQ(heard_.disordered(), 0);
}

TEST_F(GrpcCoordinatorClientTest, ComesBackAfterTheCoordinatorWasAway) {
  Start(absl::InfiniteDuration());
  ASSERT_TRUE(heard_.AwaitConnections(1));
  coordinator_.GoAway();
  coordinator_.ComeBack();
  EXPECT_TRUE(heard_.AwaitConnections(2));
  EXPECT_EQ(heard_.disconnected(), 1);
}

TEST_F(GrpcCoordinatorClientTest, StopsAtOnce) {
  Start(absl::InfiniteDuration());
  ASSERT_TRUE(heard_.AwaitConnections(1));
  const absl::Duration start = RealClock().Monotonic();
  client_.reset();
  EXPECT_LT(RealClock().Monotonic() - start, absl::Seconds(1));
}

}  // namespace
}  // namespace simclr::agent
