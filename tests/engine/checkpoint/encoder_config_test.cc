#include "engine/checkpoint/encoder_config.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

JobConfig SomeJob() {
  JobConfig job;
  job.data.source = "folder:images";
  job.data.image_size = 32;
  job.data.limit_per_class = 100;
  job.data.holdout = 0.1;
  job.model.encoder = "resnet18";
  job.model.width = 0.25;
  job.model.stem = Stem::kCifar;
  job.model.norm = NormKind::kLayerNorm;
  job.train.seed = 7;
  return job;
}

TEST(EncoderConfig, ComesBackAsItWasWritten) {
  const auto read = DecodeEncoderConfig(EncodeEncoderConfig(DescribeEncoder(SomeJob(), 128)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->encoder, "resnet18");
  EXPECT_EQ(read->width, 0.25);
  EXPECT_EQ(read->stem, Stem::kCifar);
  EXPECT_EQ(read->norm, NormKind::kLayerNorm);
  EXPECT_EQ(read->features, 128);
  EXPECT_EQ(read->image_size, 32);
  EXPECT_EQ(read->source, "folder:images");
  EXPECT_EQ(read->limit_per_class, 100);
  EXPECT_EQ(read->holdout, 0.1);
  EXPECT_EQ(read->seed, 7u);
}

TEST(EncoderConfig, SaysWhatTimmReads) {
  const auto json = nlohmann::json::parse(EncodeEncoderConfig(DescribeEncoder(SomeJob(), 128)));
  EXPECT_EQ(json.at("architecture"), "resnet18");
  EXPECT_EQ(json.at("num_classes"), 0);
  EXPECT_EQ(json.at("pretrained_cfg").at("std"), (std::vector<double>{1, 1, 1}));
}

TEST(EncoderConfig, NamesAnUnknownWord) {
  std::string text = EncodeEncoderConfig(DescribeEncoder(SomeJob(), 128));
  text.replace(text.find("layer-norm"), 10, "other-norm");
  const absl::Status status = DecodeEncoderConfig(text).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("other-norm"), absl::string_view::npos);
}

}  // namespace
}  // namespace simclr::engine
