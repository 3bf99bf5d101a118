#include <gtest/gtest.h>

#include "engine/data/dataset.h"
#include "tests/engine/data/temporary_directory.h"
#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

void ExpectError(const std::string& source, absl::StatusCode code, const std::string& part) {
  const auto dataset = OpenDataset(source, "train");
  ASSERT_FALSE(dataset.ok()) << source;
  EXPECT_EQ(dataset.status().code(), code) << dataset.status();
  EXPECT_NE(dataset.status().message().find(part), absl::string_view::npos) << dataset.status();
}

TEST(OpenDataset, RefusesUnknownSourcesAndSaysWhatIsExpected) {
  for (const char* source : {"/data/images", "floder:/data", "folder:", "synthetic:train=x",
                             "synthetic:colour=3", "synthetic:train=0", "synthetic:size=100000"}) {
    ExpectError(source, absl::StatusCode::kInvalidArgument, source);
    ExpectError(source, absl::StatusCode::kInvalidArgument, "expected folder:PATH");
  }
}

TEST(OpenDataset, NamesAPathThatDoesNotExist) {
  const TemporaryDirectory directory;
  for (const char* kind : {"folder:", "tar:", "cifar10:"}) {
    ExpectError(kind + directory.path() + "/nothing", absl::StatusCode::kNotFound,
                directory.path() + "/nothing");
  }
}

TEST(OpenDataset, TellsFoldersFromFiles) {
  const TemporaryDirectory directory;
  const std::string file = directory.Write("x", "text");
  ExpectError("folder:" + file, absl::StatusCode::kInvalidArgument, "not a folder");
  ExpectError("tar:" + directory.path(), absl::StatusCode::kInvalidArgument, "write folder:");
  ExpectError("tar:" + file, absl::StatusCode::kInvalidArgument, "not a tar archive");
}

TEST(OpenDataset, RefusesAnEmptyFolder) {
  const TemporaryDirectory directory;
  ExpectError("folder:" + directory.path(), absl::StatusCode::kInvalidArgument, "holds no images");
  directory.Write(".hidden", "x");
  ExpectError("folder:" + directory.path(), absl::StatusCode::kInvalidArgument, "holds no images");
}

TEST(OpenDataset, OpensSyntheticWithItsOptions) {
  const auto dataset = OpenDataset("synthetic:train=30,seed=4,size=16", "train");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 30);
  EXPECT_EQ((*dataset)->Read(3)->width, 16);
  EXPECT_EQ((*OpenDataset("synthetic:", "test"))->size(), 1000);
}

}  // namespace
}  // namespace simclr::engine
