#include "engine/base/torch_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include "engine/base/torch.h"

namespace simclr::engine {
namespace {

TEST(CatchTorch, PassesOnWhatTheBodyReturns) {
  EXPECT_TRUE(CatchTorch("work", [] { return absl::OkStatus(); }).ok());
  EXPECT_EQ(CatchTorch("work", [] { return absl::NotFoundError("gone"); }), absl::NotFoundError("gone"));
}

TEST(CatchTorch, TurnsAnErrorOfLibTorchIntoInternalWithoutItsBacktrace) {
  const absl::Status status = CatchTorch("adding", [] {
    at::add(at::ones({2}), at::ones({3}));
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), testing::StartsWith("adding: The size of tensor a"));
  EXPECT_THAT(std::string(status.message()), testing::Not(testing::HasSubstr("frame #")));
}

TEST(CatchTorch, KnowsMemoryThatIsNotThere) {
  const auto huge = [] {
    at::empty({std::int64_t{1} << 58}, at::kByte);
    return absl::OkStatus();
  };
  EXPECT_EQ(CatchTorch("allocating", huge).code(), absl::StatusCode::kResourceExhausted);
  const auto host = []() -> absl::Status { throw std::bad_alloc(); };
  EXPECT_EQ(CatchTorch("allocating", host).code(), absl::StatusCode::kResourceExhausted);
  const auto device = []() -> absl::Status {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory");
  };
  EXPECT_EQ(CatchTorch("allocating", device).code(), absl::StatusCode::kResourceExhausted);
}

TEST(CatchTorch, NamesTheLimitWhereThereAreNoMoreThreadsOrFiles) {
  const auto failing = [](int error) {
    return CatchTorch("training failed", [error]() -> absl::Status {
      throw std::system_error(error, std::generic_category(), "cannot start thread 3");
    });
  };
  for (const int error : {EAGAIN, EMFILE, ENFILE}) {
    EXPECT_EQ(failing(error).code(), absl::StatusCode::kAborted) << error;
  }
  EXPECT_THAT(std::string(failing(EAGAIN).message()),
              testing::StartsWith("training failed: cannot start thread 3"));
  EXPECT_THAT(std::string(failing(EAGAIN).message()), testing::HasSubstr("raise the container's pids limit"));
  EXPECT_EQ(failing(ENOENT).code(), absl::StatusCode::kInternal);
}

TEST(CatchTorch, KnowsADeviceThatFails) {
  const auto failing = [](const char* message) {
    return CatchTorch("training failed", [message]() -> absl::Status { TORCH_CHECK(false, message); });
  };
  for (const char* message :
       {"CUDA error: uncorrectable ECC error encountered", "CUDA error: unspecified launch failure",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"}) {
    EXPECT_TRUE(IsDeviceFailure(failing(message))) << message;
  }
  for (const char* message : {"CUDA error: device-side assert triggered", "CUDA error: invalid argument",
                              "CUDA error: out of memory", "The size of tensor a must match"}) {
    EXPECT_FALSE(IsDeviceFailure(failing(message))) << message;
  }
  const absl::Status by_nccl = CatchTorch("training failed", []() -> absl::Status {
    TORCH_CHECK_WITH(DistBackendError, false, "NCCL error: unhandled cuda error (run with NCCL_DEBUG=INFO)");
  });
  EXPECT_TRUE(IsDeviceFailure(by_nccl));
}

TEST(CatchTorch, KnowsALostPeer) {
  const auto nccl = []() -> absl::Status { TORCH_CHECK_WITH(DistBackendError, false, "NCCL watchdog"); };
  EXPECT_EQ(CatchTorch("averaging", nccl).code(), absl::StatusCode::kUnavailable);
  const auto gloo = []() -> absl::Status {
    throw std::runtime_error("[third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer");
  };
  EXPECT_EQ(CatchTorch("averaging", gloo).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace simclr::engine
