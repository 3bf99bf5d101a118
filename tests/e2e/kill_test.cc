// The three kill -9 scenarios with everything real: trainers that train, on a tiny model and procedural
// images.
#include <gtest/gtest.h>

#include "tests/support/kill_scenarios.h"
#include "tests/support/local_cluster.h"

namespace simclr {
namespace {

class KillTest : public ::testing::Test {
 protected:
  KillTest() : cluster_(SIMCLR_PROGRAMS, /*trainer=*/"") {}

  LocalClusterUnderTest cluster_;
  // 8 steps an epoch.
  const DisturbedJob job_{
      "name: tiny\n"
      "kind: pretrain\n"
      "resources: {ranks: 2, device: cpu}\n"
      "data: {source: \"synthetic:train=512,test=64\", image_size: 32}\n"
      "augment: {preset: cifar10}\n"
      "model: {encoder: resnet18, width: 0.125, stem: cifar, head: {hidden: 32, out: 16}}\n"
      "train: {epochs: 12, global_batch: 64, seed: 7}\n"
      "checkpoint: {every_epochs: 1}\n",
      /*total_steps=*/96, /*limit=*/absl::Seconds(180)};
};

TEST_F(KillTest, AKilledTrainerIsReplaced) {
  KilledTrainerIsReplaced(cluster_, job_);
}
TEST_F(KillTest, AKilledAgentIsReplaced) {
  KilledAgentIsReplaced(cluster_, job_);
}
TEST_F(KillTest, AKilledCoordinatorIsNotMissed) {
  KilledCoordinatorIsNotMissed(cluster_, job_);
}
TEST_F(KillTest, AJobThatEndsWhileTheCoordinatorIsAwaySucceeds) {
  JobEndsWhileTheCoordinatorIsAway(cluster_, job_);
}

}  // namespace
}  // namespace simclr
