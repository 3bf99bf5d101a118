#include "common/flags/duration_flag.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace simclr {
namespace {

TEST(DurationFlag, SetsWhatItNamesAndShowsTheDefault) {
  CLI::App app;
  absl::Duration limit = absl::Seconds(15);
  AddDurationFlag(app, "--limit", limit, "silence");
  EXPECT_NE(app.help().find("15s"), std::string::npos);
  app.parse("--limit 1m30s");
  EXPECT_EQ(limit, absl::Seconds(90));
}

TEST(DurationFlag, SaysHowADurationIsWritten) {
  CLI::App app;
  absl::Duration limit = absl::Seconds(15);
  AddDurationFlag(app, "--limit", limit, "silence");
  try {
    app.parse("--limit 15");
    FAIL() << "it was taken";
  } catch (const CLI::ValidationError& error) {
    EXPECT_NE(std::string(error.what()).find("--limit: write a duration such as 15s"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace simclr
