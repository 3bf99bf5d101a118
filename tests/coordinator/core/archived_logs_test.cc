#include "coordinator/core/archived_logs.h"

#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

v1::LogArchivedRequest Log(const std::string& job, std::int64_t bytes) {
  v1::LogArchivedRequest log;
  log.set_job_id(job);
  log.set_attempt(1);
  log.set_nonce("0a");
  log.set_bytes(bytes);
  return log;
}

TEST(ArchivedLogs, KeepTheNewestAndWhatWasSaidOfThemLast) {
  ArchivedLogs logs(/*capacity=*/2);
  for (const char* job : {"j-1", "j-2", "j-3"}) logs.Note(Log(job, 5));
  logs.Note(Log("j-3", 6));
  EXPECT_FALSE(logs.Find({"j-1", 1, "0a", 0}).has_value());
  EXPECT_EQ(logs.Find({"j-2", 1, "0a", 0})->bytes, 5);
  EXPECT_EQ(logs.Find({"j-3", 1, "0a", 0})->bytes, 6);
  EXPECT_FALSE(logs.Find({"j-3", 1, "0b", 0}).has_value());
}

}  // namespace
}  // namespace simclr::coordinator
