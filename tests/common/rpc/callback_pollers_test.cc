#include "common/rpc/callback_pollers.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/synchronization/notification.h"
#include "common/base/clock.h"

namespace simclr {
namespace {

std::string ReadWord(const std::filesystem::path& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

// Whether gRPC's callback threads sleep by the clock, all of them, rather than wait for an event.
bool AllSleep() {
  int all = 0, asleep = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (ReadWord(task.path() / "comm") != "nexting_thread") continue;
    ++all;
    if (ReadWord(task.path() / "wchan").find("nanosleep") != std::string::npos) ++asleep;
  }
  return all > 0 && asleep == all;
}

// Within 3 s: gRPC lets them sleep after one second without an event.
bool AllSleepOnce() {
  const absl::Duration end = RealClock().Monotonic() + absl::Seconds(3);
  while (RealClock().Monotonic() < end) {
    if (AllSleep()) return true;
  }
  return false;
}

TEST(CallbackPollers, KeepOneAwakeWhereGrpcWouldLetAllSleep) {
  grpc::GenericStub stub(grpc::CreateChannel("unix:/nonexistent", grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer answer;
  absl::Notification done;
  stub.UnaryCall(&context, "/simclr/Nothing", {}, &request, &answer,
                 [&done](const grpc::Status&) { done.Notify(); });
  done.WaitForNotification();
  ASSERT_TRUE(AllSleepOnce()) << "this gRPC does not sleep: CallbackPollers is no longer needed";

  const CallbackPollers pollers;
  const absl::Duration deadline = RealClock().Monotonic() + absl::Seconds(10);
  while (AllSleep()) ASSERT_LT(RealClock().Monotonic(), deadline);
  EXPECT_FALSE(AllSleepOnce());
}

}  // namespace
}  // namespace simclr
