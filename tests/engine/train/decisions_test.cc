#include "engine/train/checkpoint_cadence.h"
#include "engine/train/end_class.h"
#include "engine/train/open_data.h"
#include "engine/train/precision.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

TEST(CheckpointCadence, SavesAfterEveryNthEpochAndAtTheEnd) {
  const CheckpointConfig config = {.every_epochs = 2};
  EXPECT_FALSE(EpochCheckpointDue(config, 10, 10, 55));
  EXPECT_TRUE(EpochCheckpointDue(config, 20, 10, 55));
  EXPECT_FALSE(EpochCheckpointDue(config, 21, 10, 55));
  EXPECT_TRUE(EpochCheckpointDue(config, 55, 10, 55));
}

TEST(CheckpointCadence, SavesAtTheEndAloneWhereEpochsAreSwitchedOff) {
  const CheckpointConfig config = {.every_epochs = 0};
  EXPECT_FALSE(EpochCheckpointDue(config, 20, 10, 50));
  EXPECT_TRUE(EpochCheckpointDue(config, 50, 10, 50));
}

TEST(CheckpointCadence, SavesWhenTheLastOneIsOldEnough) {
  EXPECT_FALSE(TimedCheckpointDue({.every_minutes = 1.5}, absl::Seconds(89)));
  EXPECT_TRUE(TimedCheckpointDue({.every_minutes = 1.5}, absl::Seconds(90)));
  EXPECT_FALSE(TimedCheckpointDue({.every_minutes = 0}, absl::Hours(9)));
}

TEST(EndClass, IsWhatWasAttachedFirst) {
  const absl::Status status = WithEndClass(EndClass::kDataError, absl::UnavailableError("gone"));
  EXPECT_EQ(EndClassOf(status), EndClass::kDataError);
  EXPECT_EQ(EndClassOf(WithEndClass(EndClass::kCrash, status)), EndClass::kDataError);
}

TEST(EndClass, FollowsFromTheCodeWhereNothingWasAttached) {
  EXPECT_EQ(EndClassOf(absl::OkStatus()), EndClass::kSuccess);
  EXPECT_EQ(EndClassOf(absl::UnavailableError("")), EndClass::kPeerLost);
  EXPECT_EQ(EndClassOf(absl::ResourceExhaustedError("")), EndClass::kOutOfMemory);
  EXPECT_EQ(EndClassOf(absl::AbortedError("")), EndClass::kResource);
  EXPECT_EQ(EndClassOf(absl::InvalidArgumentError("")), EndClass::kConfigError);
  EXPECT_EQ(EndClassOf(absl::InternalError("")), EndClass::kCrash);
}

TEST(StorageStatus, TellsAFullDiskFromMemoryThatRanOut) {
  EXPECT_EQ(EndClassOf(StorageStatus(absl::ResourceExhaustedError("full"))), EndClass::kStorageFull);
  EXPECT_EQ(EndClassOf(StorageStatus(absl::InternalError("torn"))), EndClass::kCrash);
  EXPECT_TRUE(StorageStatus(absl::OkStatus()).ok());
}

TEST(ResolvePrecision, KeepsWhatAnEarlierStartResolved) {
  EXPECT_EQ(*ResolvePrecision(PrecisionChoice::kAuto, "bf16", at::kCPU), Precision::kBf16);
  EXPECT_EQ(*ResolvePrecision(PrecisionChoice::kFp64, "", at::kCPU), Precision::kFp64);
  EXPECT_FALSE(ResolvePrecision(PrecisionChoice::kAuto, "fp8", at::kCPU).ok());
}

TEST(AutocastScope, LetsMatrixProductsRunInBf16WhileItLives) {
  const at::Tensor a = at::ones({4, 4});
  {
    const AutocastScope autocast(Precision::kBf16, at::kCPU);
    EXPECT_EQ(at::mm(a, a).scalar_type(), at::kBFloat16);
  }
  EXPECT_EQ(at::mm(a, a).scalar_type(), at::kFloat);
  const AutocastScope none(Precision::kFp32, at::kCPU);
  EXPECT_EQ(at::mm(a, a).scalar_type(), at::kFloat);
}

TEST(CheckUnderRoots, AllowsWhatLiesUnderARootAndNothingElse) {
  const TemporaryDirectory root;
  EXPECT_TRUE(CheckUnderRoots(root / "images", {root.path()}).ok());
  EXPECT_TRUE(CheckUnderRoots("/anywhere", {}).ok());
  EXPECT_TRUE(CheckUnderRoots("/anywhere", {"/"}).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(CheckUnderRoots(root / "../other", {root.path()})));
  EXPECT_TRUE(absl::IsPermissionDenied(CheckUnderRoots(root.path() + "-twin", {root.path()})));
}

TEST(CheckUnderRoots, FollowsLinks) {
  const TemporaryDirectory root;
  std::filesystem::create_directory_symlink("/", root / "link");
  EXPECT_TRUE(absl::IsPermissionDenied(CheckUnderRoots(root / "link/etc", {root.path()})));
}

}  // namespace
}  // namespace simclr::engine
