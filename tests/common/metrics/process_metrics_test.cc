#include "common/metrics/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr {
namespace {

using ::testing::IsEmpty;

std::map<std::string, double> Values(const ProcessMetrics& metrics) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : metrics.Collect()) {
    const bool counter = family.type == prometheus::MetricType::Counter;
    values[family.name] = counter ? family.metric[0].counter.value : family.metric[0].gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, DescribesThisProcess) {
  const std::map<std::string, double> values = Values(ProcessMetrics());
  EXPECT_EQ(values.size(), ProcessMetrics::Metrics().size());
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
  EXPECT_GE(values.at("process_open_fds"), 3);
  EXPECT_GT(values.at("process_max_fds"), values.at("process_open_fds"));
  EXPECT_GE(values.at("process_threads"), 1);
  EXPECT_NEAR(values.at("process_start_time_seconds"), static_cast<double>(std::time(nullptr)), 60);
}

TEST(ProcessMetrics, ReadsBehindANameWithSpacesAndParentheses) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(directory.path() + "/self").ok());
  ASSERT_TRUE(PosixFileSystem()
                  .Write(directory.path() + "/self/stat",
                         "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 200 100 0 0 20 0 5 0 300 4096 2 0\n")
                  .ok());
  const std::map<std::string, double> values = Values(ProcessMetrics(directory.path()));
  EXPECT_EQ(values.at("process_threads"), 5);
  EXPECT_EQ(values.at("process_virtual_memory_bytes"), 4096);
  EXPECT_EQ(values.count("process_max_fds"), 0U);
}

TEST(ProcessMetrics, LeavesOutWhatCannotBeRead) {
  EXPECT_THAT(Values(ProcessMetrics("/nonexistent")), IsEmpty());
}

}  // namespace
}  // namespace simclr
