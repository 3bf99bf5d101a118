#include "common/job/job_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "common/job/defaults.h"
#include "common/job/render.h"
#include "common/job/spec_hash.h"
#include "tests/support/random_spec.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(absl::string_view yaml, const std::vector<std::string>& sets = {}) {
  return std::string(ParseJobFile(yaml, "job.yaml", sets).status().message());
}

TEST(JobFile, ReadsEveryKindOfField) {
  const auto specs = ParseJobFile(R"(
name: a
kind: linear_eval
resources: {ranks: 2, device: CPU}
data: {source: "folder:/x", holdout: 0.25, cache_bytes: 5000000000}
train: {seed: 18446744073709551615}
linear_eval: {knn: false, weight_decay: 1e-4}
)",
                                  "job.yaml");
  ASSERT_TRUE(specs.ok()) << specs.status();
  const v1::JobSpec& spec = specs->at(0);
  EXPECT_EQ(spec.kind(), v1::JOB_KIND_LINEAR_EVAL);
  EXPECT_EQ(spec.resources().ranks(), 2);
  EXPECT_EQ(spec.resources().device(), v1::DEVICE_CPU);
  EXPECT_DOUBLE_EQ(spec.data().holdout(), 0.25);
  EXPECT_EQ(spec.data().cache_bytes(), 5000000000);
  EXPECT_EQ(spec.train().seed(), 18446744073709551615u);
  EXPECT_TRUE(spec.linear_eval().has_knn());
  EXPECT_FALSE(spec.linear_eval().knn());
  EXPECT_DOUBLE_EQ(spec.linear_eval().weight_decay(), 1e-4);
}

TEST(JobFile, AnUnknownFieldIsNamedWithLineAndClosestName) {
  EXPECT_EQ(ErrorOf("name: a\ntrain:\n  epochz: 3\n"),
            "job.yaml:3: unknown field 'train.epochz'; did you mean 'epochs'?");
}

TEST(JobFile, AWrongTypeIsNamedWithFieldAndValue) {
  EXPECT_EQ(ErrorOf("train: {epochs: many}"),
            "job.yaml:1: field 'train.epochs' is 'many'; write a whole number of at most 31 bits");
  EXPECT_THAT(ErrorOf("train: {epochs: 3.5}"), HasSubstr("a whole number"));
  EXPECT_THAT(ErrorOf("train: {epochs: '3'}"), HasSubstr("a whole number"));
  EXPECT_THAT(ErrorOf("train: {epochs: 3000000000}"), HasSubstr("31 bits"));
  EXPECT_THAT(ErrorOf("loss: {temperature: .nan}"), HasSubstr("a finite number"));
  EXPECT_THAT(ErrorOf("model: {zero_init_gamma: yes}"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf("model: 5"), HasSubstr("write a section"));
  EXPECT_THAT(ErrorOf("name: [a]"), HasSubstr("a single value"));
  EXPECT_THAT(ErrorOf("optimizer: {kind: larz}"), HasSubstr("did you mean 'lars'?"));
}

TEST(JobFile, AFieldWithoutValueOrWrittenTwiceIsRefused) {
  EXPECT_THAT(ErrorOf("train: {epochs: }"), HasSubstr("'train.epochs' has no value"));
  EXPECT_THAT(ErrorOf("name: a\nname: b\n"), HasSubstr("job.yaml:2: field 'name' is written twice"));
  EXPECT_TRUE(ParseJobFile("name: a\nmodel:\n", "job.yaml").ok());
}

TEST(JobFile, LabelsAreWordsAndARetentionIsALengthOfTime) {
  const auto specs = ParseJobFile("labels: {team: vision, run.id: 7}\nretention: 30d\n", "job.yaml",
                                  {"labels.example.org/owner=a=b", "labels.team=audio"});
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_EQ(specs->at(0).labels().at("team"), "audio");
  EXPECT_EQ(specs->at(0).labels().at("run.id"), "7");
  EXPECT_EQ(specs->at(0).labels().at("example.org/owner"), "a=b");
  EXPECT_EQ(specs->at(0).labels_size(), 3);
  EXPECT_EQ(specs->at(0).retention().seconds(), 30 * 86400);
  EXPECT_EQ(ParseJobFile("retention: 90\n", "job.yaml")->at(0).retention().seconds(), 90);
  EXPECT_THAT(ErrorOf("name: a\nlabels: {x: 1, x: 2}"), HasSubstr("job.yaml:2: 'labels.x' is written twice"));
  EXPECT_THAT(ErrorOf("labels: {x: [1]}"), HasSubstr("'labels.x' is a list; write a single value"));
  EXPECT_THAT(ErrorOf("labels: vision"), HasSubstr("write a section of 'word: value' lines"));
  EXPECT_THAT(ErrorOf("retention: a month"), HasSubstr("such as 90s, 12h or 30d"));
}

TEST(JobFile, SetsActOnTheFirstOrTheNamedDocument) {
  const auto specs = ParseJobFile("name: a\n---\nname: b\nafter: a\n", "job.yaml",
                                  {"train.epochs=7", "b:data.source=synthetic:", "b:linear-eval.knn=false"});
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_EQ(specs->at(0).train().epochs(), 7);
  EXPECT_EQ(specs->at(1).data().source(), "synthetic:");
  EXPECT_FALSE(specs->at(1).linear_eval().knn());
}

TEST(JobFile, RenamingAJobCarriesAfterAlong) {
  const auto specs =
      ParseJobFile("name: a\n---\nname: b\nafter: a\n", "job.yaml", {"name=c", "a:train.epochs=2"});
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_EQ(specs->at(0).name(), "c");
  EXPECT_EQ(specs->at(0).train().epochs(), 2);
  EXPECT_EQ(specs->at(1).after(), "c");
}

TEST(JobFile, BadSetsAreRefused) {
  EXPECT_THAT(ErrorOf("name: a", {"epochs"}), HasSubstr("FIELD=VALUE"));
  EXPECT_THAT(ErrorOf("name: a", {"b:train.epochs=1"}), HasSubstr("no job 'b'"));
  EXPECT_EQ(ErrorOf("name: a", {"train.epoch=1"}),
            "--set train.epoch=1: unknown field 'train.epoch'; did you mean 'epochs'?");
  EXPECT_THAT(ErrorOf("name: a", {"name.b=1"}), HasSubstr("has no fields of its own"));
  EXPECT_THAT(ErrorOf("name: a", {"train.epochs="}), HasSubstr("no value"));
}

TEST(JobFile, NamesAndOrderOfAPipelineAreChecked) {
  EXPECT_THAT(ErrorOf("name: a\n---\nname: a\n"), HasSubstr("two jobs are named 'a'"));
  EXPECT_THAT(ErrorOf("name: a\nafter: b\n---\nname: b\n"), HasSubstr("move it down"));
  EXPECT_THAT(ErrorOf("---\n---\n"), HasSubstr("no job in it"));
  EXPECT_THAT(ErrorOf(std::string(kMaxJobFileBytes + 1, ' ')), HasSubstr("bytes"));
}

TEST(JobFile, WhatIsRenderedReadsBackTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i) {
    const v1::JobSpec spec = RandomSpec(random);
    const std::string yaml = ToYaml(spec);
    const auto read = ParseJobFile(yaml, "job.yaml");
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << yaml;
    EXPECT_EQ(SpecHash(read->at(0)), SpecHash(spec)) << yaml;
    const auto from_json = ParseJobFile(ToJson(spec), "job.json");
    ASSERT_TRUE(from_json.ok()) << from_json.status() << "\n" << ToJson(spec);
    EXPECT_EQ(SpecHash(from_json->at(0)), SpecHash(spec));
  }
}

TEST(JobFile, DamagedTextIsRefusedOrReadButNeverCrashes) {
  std::mt19937_64 random(2);
  const std::string alphabet = "{}[]:,-&*!|>'\"%@`#\n\t ~?<\\a1.";
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string yaml = ToYaml(RandomSpec(random));
    for (int change = 0; change < 4; ++change) {
      yaml[random() % yaml.size()] = alphabet[random() % alphabet.size()];
    }
    const auto read = ParseJobFile(yaml, "job.yaml");
    refused += read.ok() ? 0 : 1;
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_FALSE(ParseJobFile(std::string(100000, '['), "job.yaml").ok());
  EXPECT_FALSE(ParseJobFile(std::string(100000, '{'), "job.yaml").ok());
}

}  // namespace
}  // namespace simclr
