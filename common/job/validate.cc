#include "common/job/validate.h"

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "common/edge/bounds.h"
#include "common/job/closest.h"
#include "common/job/field_path.h"
#include "common/job/labels.h"
#include "common/job/proto_time.h"
#include "common/job/text_tree.h"
#include "common/job/value_ranges.h"

namespace simclr {
namespace {

using Problems = std::vector<std::string>;

constexpr absl::Duration kMaxRetention = absl::Hours(24 * 36500);

template <typename... Parts>
void Require(bool holds, Problems& problems, const Parts&... parts) {
  if (!holds) problems.push_back(absl::StrCat(parts...));
}

void CheckRanges(const v1::JobSpec& spec, Problems& problems) {
  for (const ValueRange& range : ValueRanges()) {
    const FieldValue field = FindField(spec, range.path);
    if (!field.written() || range.Contains(field.AsDouble())) continue;
    problems.push_back(absl::StrCat(range.path, " is ", TextTree::Number(field.AsDouble()).text(),
                                    "; it must be ", range.Words()));
  }
}

// Optional enums that are written, but with a value that this version does not know.
void CheckEnums(const google::protobuf::Message& message, const std::string& prefix, Problems& problems) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->is_map()) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      CheckEnums(message.GetReflection()->GetMessage(message, field), path + ".", problems);
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_ENUM) {
      const int value = message.GetReflection()->GetEnumValue(message, field);
      Require(value != 0 && field->enum_type()->FindValueByNumber(value) != nullptr, problems, path, " is ",
              value, ", which this version does not know; use a word of the job file's reference");
    }
  }
}

void CheckName(const v1::JobSpec& spec, Problems& problems) {
  const std::string& name = spec.name();
  const v1::Bound& bound =
      BoundOf(*v1::JobSpec::descriptor()->FindFieldByNumber(v1::JobSpec::kNameFieldNumber));
  Require(!name.empty() && TextFits(bound, name), problems, "name is '", name, "'; use 1 to ",
          bound.max_bytes(), " letters, digits, '-', '_' and '.', and begin with a letter or a digit");
  Require(!IsJobId(name), problems, "name is '", name, "', which has the form of a job id; choose another");
  Require(spec.after().empty() || spec.after() != name, problems, "after is '", name,
          "', the job itself; name another job or remove it");
}

void CheckLabels(const v1::JobSpec& spec, Problems& problems) {
  Require(spec.labels_size() <= kMaxLabels, problems, "labels has ", spec.labels_size(),
          " entries; write at most ", kMaxLabels);
  for (const auto& [key, value] : spec.labels()) {
    Require(
        IsLabelKey(key), problems, "labels has the name '", key,
        "'; use 1 to 63 small letters, digits, '-', '_', '.' and '/', with a letter or a digit at both ends");
    Require(IsLabelValue(value), problems, "labels.", key, " is '", value,
            "'; use at most 63 bytes, and no control characters");
  }
}

void CheckRetention(const v1::JobSpec& spec, Problems& problems) {
  const bool in_range = !spec.has_retention() || (FromProto(spec.retention()) >= absl::Seconds(1) &&
                                                  FromProto(spec.retention()) <= kMaxRetention);
  Require(in_range, problems, "retention is ", absl::FormatDuration(FromProto(spec.retention())),
          "; it must be from 1s to 36500d; leave it out to keep the job");
}

void CheckLimits(const v1::Limits& limits, Problems& problems) {
  constexpr absl::Duration kMost = absl::Hours(24 * 30);
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  limits.GetReflection()->ListFields(limits, &fields);
  for (const auto* field : fields) {
    const auto& span =
        dynamic_cast<const google::protobuf::Duration&>(limits.GetReflection()->GetMessage(limits, field));
    const absl::Duration limit = FromProto(span);
    const bool in_range = limit == absl::ZeroDuration() || (limit >= absl::Seconds(1) && limit <= kMost);
    Require(in_range, problems, "limits.", field->name(), " is ", absl::FormatDuration(limit),
            "; it must be from 1s to 30d, or 0 for none");
  }
}

void CheckSyntheticOptions(absl::string_view field, absl::string_view options, Problems& problems) {
  for (const absl::string_view option : absl::StrSplit(options, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    std::int64_t number = 0;
    const bool known =
        parts.first == "train" || parts.first == "test" || parts.first == "seed" || parts.first == "size";
    Require(known && absl::SimpleAtoi(parts.second, &number) && number >= 0, problems, field,
            " has the option '", option,
            "'; write synthetic:train=N,test=N,seed=N,size=N with whole numbers");
  }
}

void CheckSource(absl::string_view field, const std::string& source, Problems& problems) {
  constexpr std::array<absl::string_view, 3> kOnDisk = {"folder:", "tar:", "cifar10:"};
  absl::string_view rest = source;
  if (absl::ConsumePrefix(&rest, "synthetic:")) return CheckSyntheticOptions(field, rest, problems);
  const bool on_disk = std::any_of(kOnDisk.begin(), kOnDisk.end(),
                                   [&](auto prefix) { return absl::ConsumePrefix(&rest, prefix); });
  Require(on_disk && !rest.empty(), problems, field, " is '", source,
          "'; write folder:PATH, tar:PATH, cifar10:PATH or synthetic:");
  Require(source.find('\0') == std::string::npos, problems, field, " holds a zero byte; write a path");
}

void CheckData(const v1::Data& data, Problems& problems) {
  if (data.source().empty()) {
    problems.push_back("data.source is missing; write folder:PATH, tar:PATH, cifar10:PATH or synthetic:");
  } else {
    CheckSource("data.source", data.source(), problems);
  }
  if (!data.test().empty()) CheckSource("data.test", data.test(), problems);
}

void CheckAugment(const v1::Augment& augment, Problems& problems) {
  Require(augment.crop().min_area() <= augment.crop().max_area(), problems, "augment.crop.min_area is ",
          augment.crop().min_area(), ", above max_area ", augment.crop().max_area(), "; exchange the two");
  Require(augment.crop().min_aspect() <= augment.crop().max_aspect(), problems, "augment.crop.min_aspect is ",
          augment.crop().min_aspect(), ", above max_aspect ", augment.crop().max_aspect(),
          "; exchange the two");
  Require(augment.blur().min_sigma() <= augment.blur().max_sigma(), problems, "augment.blur.min_sigma is ",
          augment.blur().min_sigma(), ", above max_sigma ", augment.blur().max_sigma(), "; exchange the two");
  const bool any_on = augment.crop().enabled() || augment.flip().probability() > 0 ||
                      augment.jitter().probability() > 0 || augment.grayscale().probability() > 0 ||
                      augment.blur().probability() > 0;
  Require(
      augment.preset() != v1::AUGMENT_PRESET_NONE || !any_on, problems,
      "augment.preset is none, but an operation is switched on; use another preset and switch off the rest");
}

void CheckModel(const v1::Model& model, Problems& problems) {
  const std::vector<std::string> encoders = {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"};
  Require(std::find(encoders.begin(), encoders.end(), model.encoder()) != encoders.end(), problems,
          "model.encoder is '", model.encoder(), "', which is not known",
          SuggestWord(model.encoder(), encoders));
}

void CheckPretrain(const v1::JobSpec& spec, Problems& problems) {
  CheckAugment(spec.augment(), problems);
  CheckModel(spec.model(), problems);
  const int ranks = std::max(1, spec.resources().ranks());
  const int batch = spec.train().global_batch();
  const int nearest = std::max(1, batch / ranks) * ranks;
  Require(batch % ranks == 0, problems, "train.global_batch is ", batch,
          ", not divisible by resources.ranks ", ranks, "; use a multiple, for example ", nearest);
  Require(!spec.optimizer().nesterov() || spec.optimizer().kind() == v1::OPTIMIZER_KIND_SGD, problems,
          "optimizer.nesterov is true, but kind is lars, which has no such form; use kind sgd or remove it");
  Require(!spec.has_linear_eval(), problems,
          "linear_eval is written in a pretrain job; put it into a second job with 'kind: linear-eval'");
}

void CheckUnusedByLinearEval(const v1::JobSpec& spec, Problems& problems) {
  for (const char* section : {"augment", "loss", "optimizer", "checkpoint"}) {
    Require(!FindField(spec, section).written(), problems, section,
            " is written in a linear-eval job, which does not use it; remove the section");
  }
  for (const char* field : {"epochs", "global_batch"}) {
    Require(!FindField(spec, absl::StrCat("train.", field)).written(), problems, "train.", field,
            " is written in a linear-eval job, which does not use it; write linear_eval.epochs or "
            "linear_eval.batch");
  }
  Require(!spec.model().has_head(), problems,
          "model.head is written in a linear-eval job, which evaluates the encoder alone; remove it");
}

void CheckLinearEval(const v1::JobSpec& spec, Problems& problems) {
  CheckUnusedByLinearEval(spec, problems);
  Require(!spec.data().test().empty() || spec.data().holdout() > 0, problems,
          "data.test is empty and data.holdout is 0, so there is nothing to test on; write one of the two");
  if (spec.after().empty()) {
    CheckModel(spec.model(), problems);
    Require(!spec.model().init().empty(), problems,
            "a linear-eval job needs an encoder; write 'after: JOB' or model.init with an export directory");
    return;
  }
  Require(!spec.has_model(), problems, "model is written beside after: '", spec.after(),
          "', whose export says what the encoder is; remove one of the two");
  Require(!spec.data().has_image_size(), problems, "data.image_size is written beside after: '", spec.after(),
          "', whose export says it; remove it");
}

}  // namespace

absl::Status ValidateSpec(const v1::JobSpec& spec) {
  Problems problems;
  CheckName(spec, problems);
  CheckLabels(spec, problems);
  CheckRetention(spec, problems);
  CheckLimits(spec.limits(), problems);
  CheckEnums(spec, "", problems);
  CheckRanges(spec, problems);
  CheckData(spec.data(), problems);
  if (spec.kind() == v1::JOB_KIND_PRETRAIN) CheckPretrain(spec, problems);
  if (spec.kind() == v1::JOB_KIND_LINEAR_EVAL) CheckLinearEval(spec, problems);
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

}  // namespace simclr
