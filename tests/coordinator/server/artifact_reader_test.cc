#include "coordinator/server/artifact_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

class ArtifactReaderTest : public ::testing::Test {
 protected:
  ArtifactReaderTest() {
    Write("secret", "secret");
    Write("root/j-1/logs/a1-r0.log", "log");
    Write("root/j-1/metrics.csv", "csv");
    Write("root/j-2/other", "other");
  }
  void Write(const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories(std::filesystem::path(directory_ / path).parent_path());
    EXPECT_TRUE(PosixFileSystem().Write(directory_ / path, bytes).ok());
  }
  v1::ListArtifactsResponse List(const std::string& job, const std::string& prefix) {
    v1::ListArtifactsRequest request;
    request.set_job(job);
    request.set_prefix(prefix);
    return reader_.List(request).value();
  }

  TemporaryDirectory directory_;
  ArtifactReader reader_{directory_ / "root"};
};

TEST_F(ArtifactReaderTest, ReadsAFileOfTheJob) {
  EXPECT_EQ(reader_.Open("j-1", "logs/a1-r0.log").value().ReadAt(0, 100).value(), "log");
  EXPECT_EQ(reader_.Open("j-1", "logs/a1-r0.log").value().ReadAt(1, 1).value(), "o");
}

TEST_F(ArtifactReaderTest, RefusesEveryWayOut) {
  for (const std::string path : {"../../secret", "..", "logs/../../j-2/other", "/etc/passwd", "",
                                 "logs//a1-r0.log", "./metrics.csv", "logs/", "../j-2/other"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(reader_.Open("j-1", path).status())) << path;
  }
  EXPECT_FALSE(reader_.Open("j-1", std::string("metrics.csv\0x", 13)).ok());
  EXPECT_FALSE(reader_.Open("j-1", "logs/%2e%2e/secret").ok());
}

TEST_F(ArtifactReaderTest, FollowsNoLink) {
  std::filesystem::create_symlink(directory_ / "secret", directory_ / "root/j-1/link");
  std::filesystem::create_directory_symlink(directory_.path(), directory_ / "root/j-1/dir");
  EXPECT_TRUE(absl::IsNotFound(reader_.Open("j-1", "link").status()));
  EXPECT_TRUE(absl::IsNotFound(reader_.Open("j-1", "dir/secret").status()));
  EXPECT_EQ(List("j-1", "").files_size(), 2);
}

TEST_F(ArtifactReaderTest, OpensNothingButRegularFiles) {
  ASSERT_EQ(::mkfifo((directory_ / "root/j-1/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsNotFound(reader_.Open("j-1", "pipe").status())) << "and does not wait for a writer";
  EXPECT_TRUE(absl::IsNotFound(reader_.Open("j-1", "logs").status()));
}

TEST_F(ArtifactReaderTest, ListsByPrefixInOrder) {
  const v1::ListArtifactsResponse all = List("j-1", "");
  ASSERT_EQ(all.files_size(), 2);
  EXPECT_EQ(all.files(0).path(), "logs/a1-r0.log");
  EXPECT_EQ(all.files(0).bytes(), 3);
  EXPECT_EQ(List("j-1", "metrics").files_size(), 1);
  EXPECT_EQ(List("j-none", "").files_size(), 0);
}

TEST_F(ArtifactReaderTest, ListsANameThatIsNoTextAsTextThatAnAnswerCanCarry) {
  Write("root/j-3/plots/caf\xe9.png", "");
  const auto listed = List("j-3", "");
  ASSERT_EQ(listed.files_size(), 1);
  EXPECT_EQ(listed.files(0).path(), "plots/caf\\xe9.png");
}

TEST_F(ArtifactReaderTest, ListsByPages) {
  v1::ListArtifactsRequest request;
  request.set_job("j-1");
  request.set_page_size(1);
  const v1::ListArtifactsResponse first = reader_.List(request).value();
  ASSERT_EQ(first.files_size(), 1);
  request.set_page_token(first.next_page_token());
  const v1::ListArtifactsResponse second = reader_.List(request).value();
  ASSERT_EQ(second.files_size(), 1);
  EXPECT_LT(first.files(0).path(), second.files(0).path());
  EXPECT_EQ(second.next_page_token(), "");
  request.set_page_size(-1);
  EXPECT_TRUE(absl::IsInvalidArgument(reader_.List(request).status()));
}

TEST_F(ArtifactReaderTest, FindsTheLastLinesOfALongFile) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  Write("root/j-1/long", text);
  const ArtifactFile file = reader_.Open("j-1", "long").value();
  EXPECT_EQ(file.ReadAt(file.OffsetOfLastLines(2).value(), 100).value(), "line 49998\nline 49999\n");
  EXPECT_EQ(file.ReadAt(file.OffsetOfLastLines(40'000).value(), 11).value(), "line 10000\n");
  EXPECT_EQ(file.OffsetOfLastLines(60'000).value(), 0);
}

}  // namespace
}  // namespace simclr::coordinator
