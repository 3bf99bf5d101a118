#include "worker/agent/base/memory_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;

class MemoryCgroupTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::string path = directory_ / name;
    FileSystem& files = PosixFileSystem();
    ASSERT_TRUE(files.MakeDirectories(std::filesystem::path(path).parent_path().string()).ok());
    ASSERT_TRUE(files.Write(path, text).ok());
  }
  std::optional<MemoryCgroup> Read() {
    return ReadMemoryCgroup({directory_ / "membership", directory_ / "cgroup"});
  }

  TemporaryDirectory directory_;
};

TEST_F(MemoryCgroupTest, ReadsVersion2AndTheSmallestLimitAbove) {
  Write("membership", "0::/pod/worker\n");
  Write("cgroup/pod/worker/memory.events", "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 1\n");
  Write("cgroup/pod/worker/memory.max", "max\n");
  Write("cgroup/pod/memory.max", "8589934592\n");
  const std::optional<MemoryCgroup> found = Read();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->oom_kills, 3);
  EXPECT_EQ(found->limit_bytes, std::int64_t{8} << 30);
}

TEST_F(MemoryCgroupTest, ReadsVersion1) {
  Write("membership", "3:cpu,cpuacct:/x\n2:memory:/pod\n0::/\n");
  Write("cgroup/memory/pod/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  Write("cgroup/memory/pod/memory.limit_in_bytes", "1073741824\n");
  Write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const std::optional<MemoryCgroup> found = Read();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->oom_kills, 2);
  EXPECT_EQ(found->limit_bytes, 1 << 30);
}

TEST_F(MemoryCgroupTest, TakesTheRootOfAContainerThatSeesItsOwnCgroupThere) {
  Write("membership", "0::/kubepods/pod7/worker\n");
  Write("cgroup/memory.events", "oom_kill 1\n");
  const std::optional<MemoryCgroup> found = Read();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->oom_kills, 1);
  EXPECT_FALSE(found->limit_bytes.has_value());
}

TEST_F(MemoryCgroupTest, IsNothingWithoutAMemoryController) {
  EXPECT_FALSE(Read().has_value());
  Write("membership", "0::/\nnonsense\n");
  EXPECT_FALSE(Read().has_value());
}

TEST(OutOfMemoryText, NamesTheLimitAndTheNextStepWhereTheCountRose) {
  const MemoryCgroup before{"/sys/fs/cgroup/pod", 1, std::int64_t{8} << 30};
  MemoryCgroup now = before;
  EXPECT_EQ(OutOfMemoryText(before, now), "");
  EXPECT_EQ(OutOfMemoryText(std::nullopt, now), "");
  now.oom_kills = 2;
  EXPECT_THAT(OutOfMemoryText(before, now), HasSubstr("out-of-memory killer"));
  EXPECT_THAT(OutOfMemoryText(before, now), HasSubstr("/sys/fs/cgroup/pod is 8.0 GiB; raise it"));
  now.limit_bytes.reset();
  EXPECT_THAT(OutOfMemoryText(before, now), HasSubstr("the machine itself ran out of memory"));
}

}  // namespace
}  // namespace simclr::agent
