#include "common/job/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "common/job/defaults.h"
#include "common/job/job_file.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

v1::JobSpec Pretrain() {
  v1::JobSpec spec;
  spec.set_name("a");
  spec.mutable_data()->set_source("synthetic:");
  return spec;
}

v1::JobSpec LinearEval() {
  v1::JobSpec spec = Pretrain();
  spec.set_kind(v1::JOB_KIND_LINEAR_EVAL);
  spec.set_after("b");
  spec.mutable_data()->set_test("synthetic:");
  return spec;
}

std::string ProblemsOf(v1::JobSpec spec, const std::function<void(v1::JobSpec&)>& change) {
  change(spec);
  return std::string(ValidateSpec(WithDefaults(spec)).message());
}

TEST(ValidateSpec, TakesWhatIsNothingButDefaults) {
  EXPECT_EQ(ValidateSpec(WithDefaults(Pretrain())), absl::OkStatus());
  EXPECT_EQ(ValidateSpec(WithDefaults(LinearEval())), absl::OkStatus());
}

TEST(ValidateSpec, NamesFieldValueAndRange) {
  EXPECT_EQ(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_data()->set_holdout(1); }),
            "data.holdout is 1; it must be in [0, 1)");
  EXPECT_EQ(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_loss()->set_temperature(0); }),
            "loss.temperature is 0; it must be in (0, 100]");
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_loss()->set_temperature(std::nan("")); }),
              HasSubstr("loss.temperature is .nan"));
}

TEST(ValidateSpec, BoundsLabelsAndRetention) {
  const auto label = [](const std::string& key, const std::string& value) {
    return ProblemsOf(Pretrain(), [&](auto& spec) { (*spec.mutable_labels())[key] = value; });
  };
  EXPECT_EQ(label("team", "vision"), "");
  EXPECT_EQ(label("example.org/a-b_c", ""), "");
  EXPECT_EQ(label(std::string(63, 'a'), std::string(63, 'b')), "");
  for (const std::string& key : {std::string(), std::string("-a"), std::string("a."), std::string("A"),
                                 std::string("a b"), std::string("a=b"), std::string(64, 'a')}) {
    EXPECT_THAT(label(key, "x"), HasSubstr("labels has the name '" + key + "'"));
  }
  for (const std::string& value : {std::string("a\nb"), std::string("\x1b[2J"), std::string(64, 'b')}) {
    EXPECT_THAT(label("a", value), HasSubstr("at most 63 bytes"));
  }
  EXPECT_EQ(label("a", "gr\xc3\xbc\xc3\x9f"), "");
  EXPECT_THAT(ProblemsOf(Pretrain(),
                         [](auto& spec) {
                           for (int i = 0; i < 33; ++i) (*spec.mutable_labels())[std::to_string(i)] = "x";
                         }),
              HasSubstr("labels has 33 entries"));
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_retention(); }),
              HasSubstr("retention is 0"));
}

TEST(ValidateSpec, TellsAllProblemsAtOnce) {
  const std::string problems = ProblemsOf(Pretrain(), [](auto& spec) {
    spec.mutable_train()->set_epochs(0);
    spec.mutable_model()->set_encoder("resnet51");
  });
  EXPECT_THAT(problems, HasSubstr("train.epochs is 0"));
  EXPECT_THAT(problems,
              HasSubstr("model.encoder is 'resnet51', which is not known; did you mean 'resnet50'?"));
}

TEST(ValidateSpec, WantsASourceThatItKnows) {
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.clear_data(); }),
              HasSubstr("data.source is missing"));
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_data()->set_source("/data"); }),
              HasSubstr("data.source is '/data'; write folder:PATH"));
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_data()->set_source("tar:"); }),
              HasSubstr("data.source is 'tar:'"));
  EXPECT_THAT(
      ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_data()->set_source("synthetic:trian=5"); }),
      HasSubstr("option 'trian=5'"));
}

TEST(ValidateSpec, WantsABatchThatTheRanksCanShare) {
  EXPECT_EQ(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_resources()->set_ranks(3); }),
            "train.global_batch is 256, not divisible by resources.ranks 3; use a multiple, for example 255");
}

TEST(ValidateSpec, RefusesNamesThatLookLikeIdsOrHoldOddCharacters) {
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.set_name("j-0001a2b3c4d5-x7k2"); }),
              HasSubstr("job id"));
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.set_name("../a"); }), HasSubstr("name is '../a'"));
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.set_after("a"); }), HasSubstr("the job itself"));
}

TEST(ValidateSpec, RefusesWhatTheKindDoesNotUse) {
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_linear_eval(); }),
              HasSubstr("linear_eval is written"));
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.mutable_loss(); }),
              HasSubstr("loss is written"));
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.mutable_train()->set_epochs(3); }),
              HasSubstr("linear_eval.epochs"));
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.mutable_model()->set_width(2); }),
              HasSubstr("model is written beside after"));
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.mutable_data()->set_image_size(32); }),
              HasSubstr("data.image_size is written beside after"));
}

TEST(ValidateSpec, ALinearEvalNeedsAnEncoderAndTestImages) {
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.clear_after(); }),
              HasSubstr("needs an encoder"));
  EXPECT_THAT(ProblemsOf(LinearEval(), [](auto& spec) { spec.mutable_data()->set_test(""); }),
              HasSubstr("nothing to test on"));
}

TEST(ValidateSpec, RefusesCombinationsThatMeanNothing) {
  EXPECT_THAT(ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_optimizer()->set_nesterov(true); }),
              HasSubstr("optimizer.nesterov"));
  EXPECT_THAT(ProblemsOf(Pretrain(),
                         [](auto& spec) {
                           spec.mutable_augment()->set_preset(v1::AUGMENT_PRESET_NONE);
                           spec.mutable_augment()->mutable_blur()->set_probability(0.5);
                         }),
              HasSubstr("augment.preset is none"));
  EXPECT_THAT(
      ProblemsOf(Pretrain(), [](auto& spec) { spec.mutable_augment()->mutable_crop()->set_max_area(0.01); }),
      HasSubstr("exchange the two"));
}

TEST(ValidateSpec, LimitsAreNoneOrFromASecondToAMonth) {
  for (const char* sound : {"{init: 0}", "{init: 1s}", "{eval: 30d}", "{step: auto}", "{step: 0}"}) {
    const v1::JobSpec spec =
        ParseJobFile(absl::StrCat("data: {source: 'synthetic:'}\nlimits: ", sound), "job.yaml").value().at(0);
    EXPECT_EQ(ValidateSpec(WithDefaults(spec)), absl::OkStatus()) << sound;
  }
  for (const char* odd : {"{init: 10ms}", "{data: 31d}"}) {
    const v1::JobSpec spec =
        ParseJobFile(absl::StrCat("data: {source: 'synthetic:'}\nlimits: ", odd), "job.yaml").value().at(0);
    EXPECT_THAT(std::string(ValidateSpec(WithDefaults(spec)).message()), HasSubstr("limits.")) << odd;
  }
}

}  // namespace
}  // namespace simclr
