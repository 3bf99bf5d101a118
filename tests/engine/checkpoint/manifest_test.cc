#include "engine/checkpoint/manifest.h"

#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

TEST(Manifest, ComesBackAsItWasWritten) {
  Manifest manifest;
  manifest.step = 42;
  manifest.attempt = 3;
  manifest.nonce = "1f2e3d4c5b6a7980";
  manifest.spec_hash = "abc";
  manifest.precision = "bf16";
  manifest.instruction_set = "AVX2";
  manifest.threads = 4;
  manifest.world_size = 2;
  manifest.files = {{"model.safetensors", 100, "ff"}};
  const auto read = DecodeManifest(EncodeManifest(manifest));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->step, 42);
  EXPECT_EQ(read->attempt, 3);
  EXPECT_EQ(read->nonce, "1f2e3d4c5b6a7980");
  EXPECT_EQ(read->spec_hash, "abc");
  EXPECT_EQ(read->precision, "bf16");
  EXPECT_EQ(read->instruction_set, "AVX2");
  EXPECT_EQ(read->threads, 4);
  EXPECT_EQ(read->world_size, 2);
  ASSERT_EQ(read->files.size(), 1u);
  EXPECT_EQ(read->files[0].name, "model.safetensors");
  EXPECT_EQ(read->files[0].bytes, 100);
  EXPECT_EQ(read->files[0].sha256, "ff");
}

TEST(Manifest, OfBeforeThereWereNoncesIsReadWithoutOne) {
  std::string text = EncodeManifest(Manifest());
  const std::string field = "\"nonce\": \"\",";
  ASSERT_NE(text.find(field), std::string::npos);
  text.erase(text.find(field), field.size());
  EXPECT_EQ(DecodeManifest(text).value().nonce, "");
}

TEST(Manifest, RefusesTornText) {
  const std::string text = EncodeManifest(Manifest());
  EXPECT_TRUE(absl::IsDataLoss(DecodeManifest(text.substr(0, text.size() / 2)).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeManifest("[]").status()));
}

TEST(Manifest, RefusesAFormatOfTheFuture) {
  std::string text = EncodeManifest(Manifest());
  text.replace(text.find("\"format_version\": 1"), 19, "\"format_version\": 9");
  EXPECT_TRUE(absl::IsFailedPrecondition(DecodeManifest(text).status()));
}

}  // namespace
}  // namespace simclr::engine
