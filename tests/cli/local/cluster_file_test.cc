#include "cli/local/cluster_file.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::cli {
namespace {

TEST(ClusterFile, ReadsWhatItWrote) {
  const TemporaryDirectory directory;
  ClusterFile cluster;
  cluster.cluster_id = "c-1";
  cluster.address = "127.0.0.1:4711";
  cluster.http = "127.0.0.1:4712";
  cluster.workers = 3;
  cluster.slots = "2";
  cluster.threads_per_slot = 4;
  cluster.data_roots = {"/a \"quoted\" path", "/b"};
  cluster.trainer = "/bin/trainer";
  ASSERT_TRUE(SaveClusterFile(directory / "cluster.json", cluster).ok());
  EXPECT_EQ(LoadClusterFile(directory / "cluster.json").value(), cluster);
}

TEST(ClusterFile, TellsAMissingFileFromOneThatIsNotOurs) {
  const TemporaryDirectory directory;
  EXPECT_EQ(LoadClusterFile(directory / "cluster.json").status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"rubbish", "{}", "[1]"}) {
    ASSERT_TRUE(PosixFileSystem().Write(directory / "cluster.json", text).ok());
    EXPECT_EQ(LoadClusterFile(directory / "cluster.json").status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(EndpointFile, KeepsAllBitsOfAnIncarnation) {
  const TemporaryDirectory directory;
  const std::string path = directory / "endpoint.json";
  ASSERT_TRUE(PosixFileSystem()
                  .Write(path, R"({"http": "127.0.0.1:1", "incarnation": "18446744073709551615"})")
                  .ok());
  EXPECT_EQ(LoadEndpointFile(path).value().incarnation, 18446744073709551615u);
}

}  // namespace
}  // namespace simclr::cli
