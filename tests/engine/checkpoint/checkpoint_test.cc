#include "engine/checkpoint/checkpoint.h"

#include "common/crypto/sha256.h"
#include "engine/checkpoint/assign_tensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Checkpoint MakeCheckpoint(std::int64_t step) {
  Checkpoint checkpoint;
  checkpoint.manifest.step = step;
  checkpoint.manifest.attempt = 2;
  checkpoint.position = {step, 18446744073709551615u, 1000, 64};
  checkpoint.model = {{"conv1.weight", at::arange(6, at::kDouble).view({2, 3})},
                      {"count", at::tensor({5}, at::kLong)}};
  checkpoint.optimizer = {{"momentum.conv1.weight", at::ones({2, 3})}};
  return checkpoint;
}

class CheckpointTest : public ::testing::Test {
 protected:
  WrittenCheckpoint Write(std::int64_t step) {
    const auto written = WriteCheckpoint(*store_, "j-1", MakeCheckpoint(step));
    EXPECT_TRUE(written.ok()) << written.status();
    return written.ok() ? *written : WrittenCheckpoint();
  }

  void Damage(const WrittenCheckpoint& written, const std::string& file, const std::string& bytes) {
    ASSERT_TRUE(files_.Write(directory_ / (written.path + "/" + file), bytes).ok());
  }

  TemporaryDirectory directory_;
  FaultyFileSystem files_;
  std::unique_ptr<ArtifactStore> store_ = MakeDirectoryStore(directory_.path(), files_);
};

TEST_F(CheckpointTest, ComesBackAsItWasWritten) {
  const WrittenCheckpoint written = Write(20);
  EXPECT_EQ(written.path, "j-1/checkpoints/a2-s20");
  EXPECT_EQ(written.digest, Sha256Hex(*files_.Read(directory_ / (written.path + "/manifest.json"))));
  const auto read = ReadCheckpoint(*store_, written.path, written.digest);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->position, MakeCheckpoint(20).position);
  ASSERT_EQ(read->model.size(), 2u);
  EXPECT_EQ(read->model[0].name, "conv1.weight");
  EXPECT_TRUE(at::equal(read->model[0].tensor, MakeCheckpoint(20).model[0].tensor));
  EXPECT_TRUE(at::equal(read->optimizer[0].tensor, at::ones({2, 3})));
}

TEST_F(CheckpointTest, OfTwoPlacementsOfOneAttemptLieSideBySide) {
  Checkpoint checkpoint = MakeCheckpoint(20);
  checkpoint.manifest.nonce = "1f2e3d4c5b6a7980";
  EXPECT_EQ(WriteCheckpoint(*store_, "j-1", checkpoint).value().path, "j-1/checkpoints/a2-1f2e3d4c-s20");
  checkpoint.manifest.nonce = "0f2e3d4c5b6a7980";
  const std::string second = WriteCheckpoint(*store_, "j-1", checkpoint).value().path;
  EXPECT_EQ(second, "j-1/checkpoints/a2-0f2e3d4c-s20");
  EXPECT_EQ(ReadCheckpoint(*store_, second, "").value().manifest.nonce, "0f2e3d4c5b6a7980");
}

TEST_F(CheckpointTest, NamesATornFile) {
  const WrittenCheckpoint written = Write(20);
  Damage(written, "model.safetensors", "short");
  const absl::Status status = ReadCheckpoint(*store_, written.path, written.digest).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.safetensors"));
}

TEST_F(CheckpointTest, NoticesOneFlippedBit) {
  const WrittenCheckpoint written = Write(20);
  std::string bytes = *store_->Open(written.path + "/optimizer.safetensors");
  bytes.back() ^= 1;
  Damage(written, "optimizer.safetensors", bytes);
  EXPECT_TRUE(absl::IsDataLoss(ReadCheckpoint(*store_, written.path, written.digest).status()));
}

TEST_F(CheckpointTest, RefusesAManifestThatWasNotCommitted) {
  const WrittenCheckpoint written = Write(20);
  EXPECT_TRUE(absl::IsDataLoss(ReadCheckpoint(*store_, written.path, std::string(64, '0')).status()));
}

TEST_F(CheckpointTest, IsNotFoundWhereItDoesNotExist) {
  EXPECT_TRUE(absl::IsNotFound(ReadCheckpoint(*store_, "j-1/checkpoints/a1-s1", "").status()));
}

TEST_F(CheckpointTest, LeavesTheOldOneAndNothingElseOnAFullDisk) {
  const WrittenCheckpoint old = Write(10);
  for (int writes = 0; writes < 4; ++writes) {
    files_.FillAfter(writes, "a2-s20");
    EXPECT_TRUE(absl::IsResourceExhausted(WriteCheckpoint(*store_, "j-1", MakeCheckpoint(20)).status()));
    EXPECT_THAT(*files_.List(directory_ / "j-1/checkpoints"), ElementsAre("a2-s10"));
  }
  EXPECT_TRUE(ReadCheckpoint(*store_, old.path, old.digest).ok());
}

TEST(AssignTensors, NamesAMissingTensorAndCopiesNothing) {
  const NamedTensors target = {{"a", at::zeros({2})}, {"b", at::zeros({2})}};
  const absl::Status status = AssignTensors({{"a", at::ones({2})}}, target, "the file");
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("'b'"));
  EXPECT_TRUE(at::equal(target[0].tensor, at::zeros({2})));
}

TEST(AssignTensors, NamesAMisshapenTensor) {
  const absl::Status status = AssignTensors({{"a", at::ones({3})}}, {{"a", at::zeros({2})}}, "the file");
  EXPECT_THAT(std::string(status.message()), HasSubstr("'a' of the file has shape (3), the model needs (2)"));
}

TEST(AssignTensors, IgnoresWhatTheTargetLacksAndConvertsTypes) {
  const NamedTensors target = {{"a", at::zeros({2}, at::kDouble)},
                               {"bn1.num_batches_tracked", at::zeros({}, at::kLong)}};
  ASSERT_TRUE(AssignTensors({{"a", at::ones({2})}, {"fc.weight", at::ones({9})}}, target, "the file").ok());
  EXPECT_TRUE(at::equal(target[0].tensor, at::ones({2}, at::kDouble)));
}

}  // namespace
}  // namespace simclr::engine
