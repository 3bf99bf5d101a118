#include <unistd.h>

#include <memory>

#include "common/storage/artifact_store.h"
#include "engine/checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_job.h"
#include "tests/support/ranks.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RankResult;
using ::simclr::testing::RunRanks;

// Options of a rank that meets the others through the group of the test.
RunOptions RankOptions(RankContext& context, Collective& group, std::string& endpoint) {
  RunOptions options = TinyOptions(context.directory());
  options.rank = context.rank();
  options.world_size = context.world_size();
  options.publish_endpoint = [&endpoint](const std::string& mine) { endpoint = mine; };
  options.await_endpoint = [&endpoint, &group]() -> absl::StatusOr<RunOptions::Meeting> {
    return RunOptions::Meeting{group.Broadcast(endpoint), "run/1/nonce"};
  };
  return options;
}

at::Tensor LossTensor(const RecordingObserver& observer) {
  std::vector<double> losses;
  for (const auto& [step, loss] : observer.losses) losses.push_back(loss);
  return at::tensor(losses, at::kDouble);
}

void SaveState(RankContext& context, const RecordingObserver& observer) {
  context.Save("losses", LossTensor(observer));
  if (context.rank() != 0) return;
  const auto store = MakeDirectoryStore(context.directory(), PosixFileSystem());
  const auto checkpoint = ReadCheckpoint(*store, observer.checkpoints.back().path, "");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  for (const NamedTensor& entry : checkpoint->model) context.Save(entry.name, entry.tensor);
}

struct Setting {
  OptimizerKind optimizer;
  int world_size;
};

// Five steps: one epoch of four and one more, which ends by a drain that a single rank asks for.
JobConfig FiveSteps(OptimizerKind optimizer) {
  JobConfig job = TinyJob(2);
  job.optimizer.kind = optimizer;
  if (optimizer == OptimizerKind::kSgd) job.optimizer.lr = 0.1;
  return job;
}

class RankEquality : public ::testing::TestWithParam<Setting> {};
INSTANTIATE_TEST_SUITE_P(Settings, RankEquality,
                         ::testing::Values(Setting{OptimizerKind::kSgd, 2}, Setting{OptimizerKind::kSgd, 4},
                                           Setting{OptimizerKind::kLars, 2},
                                           Setting{OptimizerKind::kLars, 4}),
                         [](const auto& info) {
                           return std::string(info.param.optimizer == OptimizerKind::kSgd ? "Sgd" : "Lars") +
                                  std::to_string(info.param.world_size);
                         });

TEST_P(RankEquality, TrainsLikeOneProcessInFp64) {
  const JobConfig job = FiveSteps(GetParam().optimizer);
  const std::vector<RankResult> results = RunRanks(GetParam().world_size, [&job](RankContext& context) {
    const auto group = context.Group("test");
    std::string endpoint;
    RecordingObserver observer;
    if (context.rank() == context.world_size() - 1) observer.drain_in_step = 5;
    const RunEnd end = engine::Run(job, RankOptions(context, *group, endpoint), observer);
    ASSERT_EQ(end.end, EndClass::kDrained) << end.message;
    EXPECT_EQ(end.step, 5);
    SaveState(context, observer);
  });
  ExpectAllPassed(results);

  const TemporaryDirectory root;
  RecordingObserver alone;
  alone.drain_in_step = 5;
  ASSERT_EQ(engine::Run(job, TinyOptions(root.path()), alone).end, EndClass::kDrained);
  for (const RankResult& result : results) {
    EXPECT_TRUE(at::allclose(result.saved.at("losses"), LossTensor(alone), 1e-9, 0));
  }
  const auto store = MakeDirectoryStore(root.path(), PosixFileSystem());
  const Checkpoint reference = *ReadCheckpoint(*store, alone.checkpoints.back().path, "");
  for (const NamedTensor& entry : reference.model) {
    const at::Tensor mine = results[0].saved.at(entry.name).to(at::kDouble);
    const at::Tensor expected = entry.tensor.to(at::kDouble);
    const double scale = expected.abs().max().item<double>();
    EXPECT_LE((mine - expected).abs().max().item<double>(), 1e-9 * scale + 1e-13) << entry.name;
  }
}

TEST(RankAgreement, RefusesARankWithAnotherJob) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("test");
    std::string endpoint;
    RunOptions options = RankOptions(context, *group, endpoint);
    options.spec_hash = context.rank() == 0 ? "one" : "another";
    RecordingObserver observer;
    const RunEnd end = engine::Run(TinyJob(1), options, observer);
    EXPECT_EQ(end.end, EndClass::kConfigError);
    EXPECT_THAT(end.message, ::testing::HasSubstr("do not agree"));
  }));
}

TEST(RankAgreement, RefusesABatchThatCannotBeShared) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("test");
    std::string endpoint;
    JobConfig job = TinyJob(1);
    job.train.global_batch = 15;
    RecordingObserver observer;
    const RunEnd end = engine::Run(job, RankOptions(context, *group, endpoint), observer);
    EXPECT_EQ(end.end, EndClass::kConfigError);
    EXPECT_THAT(end.message, ::testing::HasSubstr("not divisible by 2 ranks"));
  }));
}

TEST(LostPeer, EndsTheOthersAsPeerLost) {
  const std::vector<RankResult> results = RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("test");
    std::string endpoint;
    RecordingObserver observer;
    if (context.rank() == 1) {
      observer.after_step = [](std::int64_t step) {
        if (step == 2) ::_exit(7);
      };
    }
    const RunEnd end = engine::Run(TinyJob(2), RankOptions(context, *group, endpoint), observer);
    EXPECT_EQ(end.end, EndClass::kPeerLost) << end.message;
    EXPECT_EQ(end.step, 2);
  });
  EXPECT_EQ(results[0].exit_code, 0) << results[0].output;
  EXPECT_EQ(results[1].exit_code, 7);
}

}  // namespace
}  // namespace simclr::engine
