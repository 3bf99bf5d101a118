#include "worker/agent/probes/shared_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kMib = 1 << 20;

TEST(SharedMemory, IsEnoughFromTheRequiredSizeOn) {
  EXPECT_TRUE(CheckSharedMemory(kSharedMemoryForGpus, kSharedMemoryForGpus).ok());
  EXPECT_FALSE(CheckSharedMemory(kSharedMemoryForGpus - 1, kSharedMemoryForGpus).ok());
}

TEST(SharedMemory, ThatIsTooSmallIsRefusedWithTheCure) {
  const absl::Status refused = CheckSharedMemory(64 * kMib, kSharedMemoryForGpus);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("/dev/shm has 64 MiB, trainers need 1024 MiB"),
                    HasSubstr("mount a memory volume at /dev/shm"), HasSubstr("medium: Memory")));
}

TEST(SharedMemory, ThatIsMissingIsTooSmall) {
  const absl::Status refused = CheckSharedMemory(absl::NotFoundError("/dev/shm cannot be read"), 1);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("cannot be read, trainers need"));
}

TEST(SharedMemory, IsNotLookedAtWhereNothingIsRequired) {
  EXPECT_TRUE(CheckSharedMemory(0, 0).ok());
  EXPECT_TRUE(CheckSharedMemory(absl::NotFoundError("none"), 0).ok());
}

}  // namespace
}  // namespace simclr::agent
