#include <csignal>

#include "absl/strings/str_join.h"
#include "common/crypto/sha256.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/data/sampler.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_ranks.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

// Three epochs of four steps.
JobConfig Job(PrecisionChoice precision) {
  JobConfig job = TinyJob(3);
  job.train.precision = precision;
  return job;
}

// SHA-256 of the sample ids that this rank reads in the step after the checkpoint.
std::string NextSamples(const RankContext& context, const std::string& checkpoint) {
  const auto store = MakeDirectoryStore(context.directory(), PosixFileSystem());
  const Position position = ReadCheckpoint(*store, checkpoint, "")->position;
  const Sampler sampler(position.dataset_size, position.global_batch, position.seed, context.rank(),
                        context.world_size());
  return Sha256Hex(absl::StrJoin(sampler.RankBatch(position.step), " "));
}

std::map<std::int64_t, double> Train(const RankContext& context, const JobConfig& job,
                                     const RunOptions& options) {
  RecordingObserver observer;
  const RunEnd end = engine::Run(job, options, observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  return observer.losses;
}

class ResumeOnTwoRanks : public ::testing::TestWithParam<PrecisionChoice> {};
INSTANTIATE_TEST_SUITE_P(Precisions, ResumeOnTwoRanks,
                         ::testing::Values(PrecisionChoice::kFp32, PrecisionChoice::kBf16),
                         [](const auto& info) {
                           return info.param == PrecisionChoice::kFp32 ? "Fp32" : "Bf16";
                         });

TEST_P(ResumeOnTwoRanks, IsExactAfterAKillInTheMiddleOfAnEpoch) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const JobConfig job = Job(GetParam());
    const auto train_and_die = [&] {
      RecordingObserver observer;
      observer.after_step = [](std::int64_t step) {
        if (step == 6) ::raise(SIGKILL);
      };
      engine::Run(job, RankOptions(context, "killed"), observer);
    };
    EXPECT_EXIT(train_and_die(), ::testing::KilledBySignal(SIGKILL), "");

    RunOptions resumed = RankOptions(context, "resumed");
    resumed.attempt = 2;
    resumed.resume = {{"j-1/checkpoints/a1-s4", 4, ""}};
    const auto losses = Train(context, job, resumed);
    RunOptions undisturbed = RankOptions(context, "undisturbed");
    undisturbed.job_directory = "j-2";
    const auto expected = Train(context, job, undisturbed);

    EXPECT_EQ(losses.size(), 8u);
    for (const auto& [step, loss] : losses) EXPECT_EQ(loss, expected.at(step)) << step;
    EXPECT_EQ(NextSamples(context, "j-1/checkpoints/a1-s4"), NextSamples(context, "j-2/checkpoints/a1-s4"));
    EXPECT_EQ(NextSamples(context, "j-1/checkpoints/a2-s8"), NextSamples(context, "j-2/checkpoints/a1-s8"));
    if (context.rank() != 0) return;  // rank 0 writes the checkpoints, and may be at the last one still
    const auto checksums = Checksums(context.directory(), "j-2/checkpoints/a1-s12");
    EXPECT_EQ(checksums.size(), 3u);
    EXPECT_EQ(Checksums(context.directory(), "j-1/checkpoints/a2-s12"), checksums);
  }));
}

}  // namespace
}  // namespace simclr::engine
