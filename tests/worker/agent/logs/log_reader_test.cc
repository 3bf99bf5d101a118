#include "worker/agent/logs/log_reader.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/file_system.h"
#include "common/job/proto_time.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/base/rank_log.h"

namespace simclr::agent {
namespace {

class LogReaderTest : public ::testing::Test {
 protected:
  void Append(const std::string& text) { ASSERT_TRUE(PosixFileSystem().Append(path_, text).ok()); }
  void SetLog(bool ended = false) { reader_.SetLogs({{{"j-1", 1, 0, "0a"}, {path_, ended}}}); }
  v1::LogWanted Wanted(std::int64_t offset, absl::Duration wait = absl::ZeroDuration()) {
    v1::LogWanted wanted;
    wanted.set_id(++id_);
    wanted.set_job_id("j-1");
    wanted.set_attempt(1);
    wanted.set_nonce("0a");
    wanted.set_offset(offset);
    *wanted.mutable_wait() = ToProto(wait);
    return wanted;
  }
  absl::Duration RunAt(int second) { return reader_.RunOnce(absl::Seconds(second)); }
  v1::LogPiece Ask(const v1::LogWanted& wanted) {
    reader_.Ask(wanted);
    RunAt(0);
    return pieces_.empty() ? v1::LogPiece() : pieces_.back();
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_ / "log";
  std::vector<v1::LogPiece> pieces_;
  LogReader reader_{{.piece_bytes = 8}, [this](v1::LogPiece piece) { pieces_.push_back(std::move(piece)); }};
  std::int64_t id_ = 0;
};

TEST_F(LogReaderTest, GivesTheLogPieceByPiece) {
  Append("one\ntwo\nthree\n");
  SetLog();
  const v1::LogPiece first = Ask(Wanted(0));
  EXPECT_EQ(first.id(), 1);
  EXPECT_EQ(first.data(), "one\ntwo\n");
  EXPECT_FALSE(first.at_end());
  const v1::LogPiece last = Ask(Wanted(8));
  EXPECT_EQ(last.offset(), 8);
  EXPECT_EQ(last.data(), "three\n");
  EXPECT_TRUE(last.at_end());
  EXPECT_FALSE(last.ended());
  SetLog(/*ended=*/true);
  EXPECT_FALSE(Ask(Wanted(0)).ended()) << "there is more";
  EXPECT_TRUE(Ask(Wanted(8)).ended());
}

TEST_F(LogReaderTest, BeginsAtTheLastLines) {
  Append("one\ntwo\nthree\n");
  SetLog();
  v1::LogWanted wanted = Wanted(0);
  wanted.set_tail_lines(2);
  const v1::LogPiece piece = Ask(wanted);
  EXPECT_EQ(piece.offset(), 4);
  EXPECT_EQ(piece.data(), "two\nthre");
}

TEST_F(LogReaderTest, WaitsForAByteAsLongAsItIsAsked) {
  Append("one\n");
  SetLog();
  reader_.Ask(Wanted(4, absl::Seconds(5)));
  EXPECT_EQ(RunAt(0), absl::Milliseconds(100));
  EXPECT_TRUE(pieces_.empty());
  Append("two\n");
  EXPECT_EQ(RunAt(1), absl::InfiniteDuration());
  ASSERT_EQ(pieces_.size(), 1u);
  EXPECT_EQ(pieces_[0].data(), "two\n");
  reader_.Ask(Wanted(8, absl::Seconds(5)));
  RunAt(2);
  RunAt(6);
  ASSERT_EQ(pieces_.size(), 1u);
  RunAt(7);
  ASSERT_EQ(pieces_.size(), 2u);
  EXPECT_EQ(pieces_[1].data(), "");
  EXPECT_TRUE(pieces_[1].at_end());
}

TEST_F(LogReaderTest, AnswersAtOnceWhereTheLogEnds) {
  Append("one\n");
  SetLog();
  reader_.Ask(Wanted(4, absl::Seconds(5)));
  RunAt(0);
  EXPECT_TRUE(pieces_.empty());
  SetLog(/*ended=*/true);
  RunAt(1);
  ASSERT_EQ(pieces_.size(), 1u);
  EXPECT_TRUE(pieces_[0].ended());
}

TEST_F(LogReaderTest, SaysWhatIsMissing) {
  EXPECT_TRUE(Ask(Wanted(0, absl::Seconds(5))).missing()) << "no such rank";
  SetLog();
  EXPECT_TRUE(Ask(Wanted(0, absl::Seconds(5))).missing()) << "no such file";
}

TEST_F(LogReaderTest, GivesNoByteOfWhatWasRotatedAway) {
  std::string text;
  for (int line = 0; text.size() < 400'000; ++line) text += "line " + std::to_string(line) + "\n";
  Append(text);
  ASSERT_TRUE(RotateLog(path_, /*max_bytes=*/131'072).ok());
  const std::int64_t base = RangeOfLog(path_).value().base;
  ASSERT_GT(base, 0);
  SetLog();
  const v1::LogPiece piece = Ask(Wanted(0));
  EXPECT_EQ(piece.offset(), base);
  EXPECT_EQ(piece.data(), text.substr(static_cast<std::size_t>(base), 8));
}

}  // namespace
}  // namespace simclr::agent
