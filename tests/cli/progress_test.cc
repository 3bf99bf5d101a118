#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/text.h"

namespace simclr::cli {
namespace {

ProgressState Running() {
  ProgressState state;
  state.job.mutable_spec()->set_name("a");
  state.job.mutable_status()->set_phase(v1::PHASE_RUNNING);
  state.job.mutable_status()->set_attempt(1);
  state.job.mutable_status()->set_total_steps(200);
  state.sample.set_step(100);
  state.sample.set_epoch(2.5);
  (*state.sample.mutable_values())["loss"] = 5.25;
  (*state.sample.mutable_values())["images_per_second"] = 812;
  (*state.sample.mutable_values())["seconds/step"] = 0.9;
  return state;
}

TEST(ProgressText, SaysStepLossSpeedAndEta) {
  EXPECT_EQ(ProgressText(Running(), 10),
            "a  RUNNING  [=====>    ]   50%  step 100/200  epoch 2.5  loss 5.2500  812 images/s  ETA 1m30s");
}

TEST(ProgressText, SaysWhatAnEvaluationReached) {
  ProgressState state = Running();
  (*state.sample.mutable_values())["eval/loss"] = 1.5;
  (*state.sample.mutable_values())["eval/top1"] = 0.625;
  EXPECT_EQ(ProgressText(state, 0),
            "a  RUNNING   50%  step 100/200  epoch 2.5  loss 5.2500  eval/loss 1.5000  eval/top1 0.6250  "
            "812 images/s  ETA 1m30s");
}

TEST(ProgressText, IsOneLineWhateverTheMessage) {
  ProgressState state = Running();
  state.job.mutable_status()->set_phase(v1::PHASE_PAUSED);
  state.job.mutable_status()->set_message("ended by signal 9; end of its log:\nno space");
  EXPECT_EQ(ProgressText(state, 10), "a  PAUSED  ended by signal 9; end of its log: ...");
}

TEST(ProgressText, SaysWhyAJobDoesNotRun) {
  ProgressState state = Running();
  state.job.mutable_status()->set_phase(v1::PHASE_QUEUED);
  state.job.mutable_status()->set_message("2 slots of 4 are free");
  EXPECT_EQ(ProgressText(state, 10), "a  QUEUED  2 slots of 4 are free");
}

TEST(ProgressPrinter, PrintsPlainLinesAtMostOncePerInterval) {
  std::ostringstream out;
  ProgressPrinter printer(out, {.terminal = false});
  printer.Show(Running(), absl::Seconds(1));
  printer.Show(Running(), absl::Seconds(2));
  printer.Show(Running(), absl::Seconds(7));
  const std::string line = ProgressText(Running(), 0) + "\n";
  EXPECT_EQ(out.str(), line + line);
}

TEST(ProgressPrinter, RepaintsOneLineOnATerminal) {
  std::ostringstream out;
  ProgressPrinter printer(out, {.terminal = true, .width = 40});
  printer.Show(Running(), absl::Seconds(1));
  printer.EndLine();
  EXPECT_EQ(out.str(), "\r" + ProgressText(Running(), 10).substr(0, 39) + "\x1b[K\n");
}

TEST(Text, FirstLineSaysThatOthersFollow) {
  EXPECT_EQ(FirstLine("one"), "one");
  EXPECT_EQ(FirstLine("one\n"), "one");
  EXPECT_EQ(FirstLine("one\r\ntwo\n"), "one ...");
  EXPECT_EQ(FirstLine(""), "");
}

TEST(Text, DurationsAndBytesAreShort) {
  EXPECT_EQ(ShortDuration(absl::ZeroDuration()), "0s");
  EXPECT_EQ(ShortDuration(absl::Seconds(90)), "1m30s");
  EXPECT_EQ(ShortDuration(absl::Seconds(2 * 86400 + 4 * 3600 + 59)), "2d4h");
  EXPECT_EQ(ShortBytes(1536), "1.5 KiB");
  EXPECT_EQ(ShortBytes(7), "7 B");
}

}  // namespace
}  // namespace simclr::cli
