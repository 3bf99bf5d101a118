#include "coordinator/server/log_tails.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace simclr::coordinator {
namespace {

const FollowedRank kRank{"j-1", 1, 0};

class LogTailsTest : public ::testing::Test {
 protected:
  std::vector<bool> orders_;
  LogTails tails_{{.buffer_bytes = 8, .full_push_bytes = 4},
                  [this](const FollowedRank&, bool followed) { orders_.push_back(followed); }};
};

TEST_F(LogTailsTest, IsFollowedFromTheFirstReaderToTheLast) {
  auto one = std::make_unique<LogTails::Reader>(tails_, kRank);
  auto two = std::make_unique<LogTails::Reader>(tails_, kRank);
  EXPECT_EQ(orders_, std::vector<bool>{true});
  one.reset();
  EXPECT_EQ(orders_, std::vector<bool>{true});
  two.reset();
  EXPECT_EQ(orders_, (std::vector<bool>{true, false}));
}

TEST_F(LogTailsTest, GivesWhatWasPushedAfterAnOffset) {
  LogTails::Reader reader(tails_, kRank);
  EXPECT_EQ(tails_.Push(kRank, 0, "abcd"), 4);
  EXPECT_FALSE(reader.Wait(0, absl::ZeroDuration()).caught_up) << "a full push: there may be more";
  EXPECT_EQ(tails_.Push(kRank, 4, "e"), 5);
  const LogTails::Reader::Piece piece = reader.Wait(1, absl::ZeroDuration());
  EXPECT_EQ(piece.data, "bcde");
  EXPECT_EQ(piece.offset, 1);
  EXPECT_TRUE(piece.caught_up);
}

TEST_F(LogTailsTest, AsksForWhatIsMissingAndIgnoresRepeats) {
  LogTails::Reader reader(tails_, kRank);
  EXPECT_EQ(tails_.Push(kRank, 100, "late"), 0) << "this process knows nothing yet";
  EXPECT_EQ(tails_.Push(kRank, 0, "ab"), 2);
  EXPECT_EQ(tails_.Push(kRank, 0, "ab"), 2);
  EXPECT_EQ(reader.Wait(0, absl::ZeroDuration()).data, "ab");
}

TEST_F(LogTailsTest, DropsTheOldestBytesBeyondItsLimit) {
  LogTails::Reader reader(tails_, kRank);
  tails_.Push(kRank, 0, "0123456789");
  const LogTails::Reader::Piece piece = reader.Wait(0, absl::ZeroDuration());
  EXPECT_EQ(piece.offset, 2);
  EXPECT_EQ(piece.data, "23456789");
}

TEST_F(LogTailsTest, KeepsNothingThatNobodyReads) {
  EXPECT_EQ(tails_.Push(kRank, 0, "abc"), 0);
}

}  // namespace
}  // namespace simclr::coordinator
