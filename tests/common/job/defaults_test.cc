#include "common/job/defaults.h"

#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/file_system.h"
#include "common/job/enum_word.h"
#include "common/job/field_path.h"
#include "common/job/job_file.h"
#include "common/job/proto_time.h"
#include "common/job/spec_hash.h"
#include "common/job/text_tree.h"
#include "common/job/validate.h"
#include "common/job/value_ranges.h"

namespace simclr {
namespace {

v1::JobSpec Parse(const std::string& yaml) {
  return ParseJobFile(yaml, "job.yaml").value().at(0);
}

TEST(Defaults, AreIdempotent) {
  for (const char* yaml :
       {"data: {source: 'synthetic:'}", "augment: {preset: cifar10, strength: 0.25}",
        "augment: {preset: none}", "kind: linear-eval\nafter: b\nlinear_eval: {batch: 512}",
        "kind: linear-eval\nmodel: {init: /a}", "model: {norm: layer-norm}"}) {
    const v1::JobSpec once = WithDefaults(Parse(yaml));
    EXPECT_EQ(SpecHash(WithDefaults(once)), SpecHash(once)) << yaml;
  }
}

TEST(Defaults, KeepAWrittenZeroAndFalse) {
  const v1::JobSpec spec =
      WithDefaults(Parse("optimizer: {warmup_epochs: 0}\nmodel: {zero_init_gamma: false}"));
  EXPECT_EQ(spec.optimizer().warmup_epochs(), 0);
  EXPECT_FALSE(spec.model().zero_init_gamma());
}

TEST(Defaults, ExpandThePresets) {
  const v1::Augment cifar = WithDefaults(Parse("augment: {preset: cifar10}")).augment();
  EXPECT_DOUBLE_EQ(cifar.jitter().brightness(), 0.4);
  EXPECT_DOUBLE_EQ(cifar.jitter().hue(), 0.1);
  EXPECT_EQ(cifar.blur().probability(), 0);
  const v1::Augment none = WithDefaults(Parse("augment: {preset: none}")).augment();
  EXPECT_FALSE(none.crop().enabled());
  EXPECT_EQ(none.flip().probability() + none.jitter().probability() + none.grayscale().probability(), 0);
}

TEST(Defaults, TakeAWrittenLimitWhole) {
  const v1::Limits limits =
      WithDefaults(Parse("limits: {init: 0, data: 1500ms, step: auto, eval: 90}")).limits();
  EXPECT_TRUE(limits.has_init());
  EXPECT_EQ(FromProto(limits.init()), absl::ZeroDuration());
  EXPECT_EQ(FromProto(limits.data()), absl::Milliseconds(1500));
  EXPECT_EQ(FromProto(limits.eval()), absl::Seconds(90));
  EXPECT_EQ(FromProto(limits.checkpoint()), absl::Minutes(15));
  EXPECT_FALSE(limits.has_step());
  EXPECT_EQ(FromProto(WithDefaults(Parse("limits: {step: 90s}")).limits().step()), absl::Seconds(90));
}

TEST(Defaults, FollowOtherFields) {
  EXPECT_EQ(WithDefaults(Parse("model: {norm: layer-norm}")).model().head().norm(), v1::HEAD_NORM_LAYER_NORM);
  EXPECT_DOUBLE_EQ(WithDefaults(Parse("kind: linear-eval\nlinear_eval: {batch: 512}")).linear_eval().lr(),
                   0.2);
}

TEST(Defaults, ALinearEvalAfterAJobTakesItsEncoderFromThere) {
  const v1::JobSpec spec = WithDefaults(Parse("kind: linear-eval\nafter: a"));
  EXPECT_FALSE(spec.has_model());
  EXPECT_FALSE(spec.data().has_image_size());
}

TEST(Defaults, TheSplitOfTheJobBeforeIsTakenForTheSameImages) {
  const v1::JobSpec before =
      WithDefaults(Parse("data: {source: 'tar:/a', holdout: 0.1, limit_per_class: 9}\ntrain: {seed: 5}"));
  const v1::JobSpec same = WithSplitOf(before, Parse("kind: linear-eval\ndata: {source: 'tar:/a'}"));
  EXPECT_DOUBLE_EQ(same.data().holdout(), 0.1);
  EXPECT_EQ(same.data().limit_per_class(), 9);
  EXPECT_EQ(same.train().seed(), 5u);
  const v1::JobSpec other = WithSplitOf(before, Parse("kind: linear-eval\ndata: {source: 'tar:/b'}"));
  EXPECT_FALSE(other.data().has_holdout());
  const v1::JobSpec tested =
      WithSplitOf(before, Parse("kind: linear-eval\ndata: {source: 'tar:/a', test: 'tar:/b'}"));
  EXPECT_FALSE(tested.data().has_holdout());
}

TEST(SpecHash, DiffersWithAnyField) {
  const v1::JobSpec a = WithDefaults(Parse("train: {seed: 1}"));
  EXPECT_EQ(SpecHash(a).size(), 64u);
  EXPECT_NE(SpecHash(a), SpecHash(WithDefaults(Parse("train: {seed: 2}"))));
}

// The rows of the table in docs/job-file.md, by field: the cells as they stand.
std::map<std::string, std::vector<std::string>> DocumentedFields() {
  std::map<std::string, std::vector<std::string>> rows;
  const std::string text = PosixFileSystem().Read("docs/job-file.md").value();
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (cells.size() < 4 || cells[0].rfind("| `", 0) != 0) continue;
    rows[absl::StrReplaceAll(cells[0], {{"| ", ""}, {"`", ""}})] = cells;
  }
  return rows;
}

std::string TextOf(const FieldValue& value) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *value.owner->GetReflection();
  switch (value.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(*value.owner, value.field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumWord(*value.field->enum_type(), reflection.GetEnumValue(*value.owner, value.field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return value.AsDouble() != 0 ? "true" : "false";
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const bool is_limit = value.field->containing_type() == v1::Limits::descriptor();
      if (!is_limit) return "";  // labels and retention have no default
      if (!value.written()) return "auto";
      const auto& limit =
          dynamic_cast<const google::protobuf::Duration&>(reflection.GetMessage(*value.owner, value.field));
      return absl::FormatDuration(FromProto(limit));
    }
    default:
      return TextTree::Number(value.AsDouble()).text();
  }
}

void CollectFields(const google::protobuf::Descriptor& type, const std::string& prefix,
                   std::vector<std::string>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const auto* field = type.field(i);
    const std::string path = absl::StrCat(prefix, field->name());
    const bool is_section = field->message_type() != nullptr && !field->is_map() &&
                            field->message_type() != google::protobuf::Duration::descriptor();
    if (is_section) {
      CollectFields(*field->message_type(), path + ".", paths);
    } else {
      paths.push_back(path);
    }
  }
}

TEST(Documentation, ListsEveryFieldWithItsDefaultAndRange) {
  v1::JobSpec defaults = WithDefaults(v1::JobSpec());
  v1::JobSpec linear_eval;
  linear_eval.set_kind(v1::JOB_KIND_LINEAR_EVAL);
  *defaults.mutable_linear_eval() = WithDefaults(linear_eval).linear_eval();
  auto rows = DocumentedFields();
  std::map<std::string, std::string> ranges;
  for (const ValueRange& range : ValueRanges()) ranges[std::string(range.path)] = range.Words();
  std::vector<std::string> paths;
  CollectFields(*v1::JobSpec::descriptor(), "", paths);
  for (const std::string& path : paths) {
    ASSERT_EQ(rows.count(path), 1u) << path << " is missing in docs/job-file.md";
    const std::vector<std::string>& cells = rows[path];
    if (path != "data.source") {
      const std::string text = absl::StrReplaceAll(TextOf(FindField(defaults, path)), {{"1.0e", "1e"}});
      EXPECT_EQ(cells[1], text.empty() ? "(empty)" : absl::StrCat("`", text, "`")) << path;
    }
    if (ranges.count(path) > 0) {
      std::vector<std::string> bounds = absl::StrSplit(absl::StripPrefix(ranges[path], "in "), ", ");
      std::vector<std::string> documented = absl::StrSplit(cells[3], ", ");
      ASSERT_EQ(documented.size(), 2u) << path;
      EXPECT_EQ(documented[0], bounds[0]) << path;
      EXPECT_EQ(documented[1].back(), bounds[1].back()) << path;
      EXPECT_DOUBLE_EQ(std::stod(documented[1]), std::stod(bounds[1])) << path;
    }
  }
  EXPECT_EQ(rows.size(), paths.size()) << "docs/job-file.md has a field that does not exist";
}

TEST(Examples, ParseAndAreValid) {
  const std::vector<std::string> files = PosixFileSystem().List("examples").value();
  ASSERT_GE(files.size(), 4u);
  for (const std::string& file : files) {
    const auto specs = ParseJobFile(PosixFileSystem().Read("examples/" + file).value(), file);
    ASSERT_TRUE(specs.ok()) << specs.status();
    for (const v1::JobSpec& spec : *specs)
      EXPECT_EQ(ValidateSpec(WithDefaults(spec)), absl::OkStatus()) << file;
  }
}

}  // namespace
}  // namespace simclr
