#include "engine/config/describe_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace simclr::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DescribeConfig, PrintsFieldsInTheWordsOfTheJobFile) {
  JobConfig config;
  config.model.norm = NormKind::kLayerNorm;
  config.train.precision = PrecisionChoice::kBf16;
  const std::string text = DescribeConfig(config);
  EXPECT_THAT(text, HasSubstr("job.kind=pretrain\n"));
  EXPECT_THAT(text, HasSubstr("model.norm=layer-norm\n"));
  EXPECT_THAT(text, HasSubstr("train.precision=bf16\n"));
  EXPECT_THAT(text, HasSubstr("optimizer.nesterov=false\n"));
  EXPECT_THAT(text, HasSubstr("train.seed=1\n"));
}

TEST(DescribeConfig, TellsNumbersApartToTheLastDigit) {
  JobConfig a, b;
  b.optimizer.lr = std::nextafter(a.optimizer.lr, 1);
  EXPECT_NE(DescribeConfig(a), DescribeConfig(b));
}

TEST(DescribeConfig, ChangesWithWhatIsComputed) {
  const std::vector<std::function<void(JobConfig&)>> changes = {
      [](JobConfig& c) { c.data.source = "folder:other"; },
      [](JobConfig& c) { c.data.holdout = 0.1; },
      [](JobConfig& c) { c.augment.hue = 0.1; },
      [](JobConfig& c) { c.model.head.out = 64; },
      [](JobConfig& c) { c.temperature = 0.5; },
      [](JobConfig& c) { c.optimizer.kind = OptimizerKind::kSgd; },
      [](JobConfig& c) { c.train.seed = 2; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    JobConfig changed;
    changes[i](changed);
    EXPECT_NE(DescribeConfig(changed), DescribeConfig(JobConfig())) << "change " << i;
  }
}

TEST(DescribeConfig, StaysWhereOnlyTheRunDiffers) {
  JobConfig changed;
  changed.name = "renamed";
  changed.data.loader_threads = 7;
  changed.data.cache_bytes = 1;
  changed.checkpoint.keep = 9;
  changed.linear_eval.epochs = 1;  // the other kind's section
  EXPECT_EQ(DescribeConfig(changed), DescribeConfig(JobConfig()));
}

TEST(DescribeConfig, OfALinearEvalHasItsOwnSections) {
  JobConfig config;
  config.kind = JobKind::kLinearEval;
  const std::string text = DescribeConfig(config);
  EXPECT_THAT(text, HasSubstr("linear_eval.mode=cached\n"));
  EXPECT_THAT(text, Not(HasSubstr("optimizer.")));
}

TEST(FirstDifference, NamesTheFieldAndBothValues) {
  JobConfig a, b;
  b.train.seed = 2;
  EXPECT_EQ(FirstDifference(DescribeConfig(a), DescribeConfig(a)), "");
  EXPECT_EQ(FirstDifference(DescribeConfig(b), DescribeConfig(a)), "train.seed is 2, not 1");
  EXPECT_EQ(FirstDifference("a=1\n", "a=1\nb=2\n"), "b=2 is missing");
  EXPECT_EQ(FirstDifference("a=1\nb=2\n", "a=1\n"), "b=2 was not expected");
}

}  // namespace
}  // namespace simclr::engine
