#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "engine/base/random_key.h"
#include "engine/config/job_config.h"
#include "engine/data/dataset.h"

namespace simclr::engine {
namespace {

using Indices = std::vector<std::int64_t>;

// Some images of another data set under new indices, in their old order.
class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, Indices indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {
    std::sort(indices_.begin(), indices_.end());
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  int label(std::int64_t index) const override { return whole_->label(indices_[index]); }
  const std::vector<std::string>& classes() const override { return whole_->classes(); }
  std::string name(std::int64_t index) const override { return whole_->name(indices_[index]); }
  absl::StatusOr<Image> Read(std::int64_t index) const override { return whole_->Read(indices_[index]); }

 private:
  const std::shared_ptr<const Dataset> whole_;
  Indices indices_;
};

std::vector<Indices> IndicesByClass(const Dataset& dataset) {
  std::vector<Indices> by_class(dataset.classes().size());
  for (std::int64_t i = 0; i < dataset.size(); ++i) by_class[dataset.label(i)].push_back(i);
  return by_class;
}

// A shuffle that depends on the key alone (Fisher-Yates).
void Shuffle(const RandomKey& key, Indices* indices) {
  KeyedRandom random(key);
  for (std::size_t left = indices->size(); left > 1; --left) {
    std::swap((*indices)[left - 1], (*indices)[random.Below(static_cast<std::uint32_t>(left))]);
  }
}

// Per class: the chosen images first, the others after them.
struct Choice {
  Indices chosen, others;
};

template <typename CountFunction>
Choice ChoosePerClass(const Dataset& dataset, Stream stream, std::uint64_t seed, CountFunction count_of) {
  Choice choice;
  std::vector<Indices> by_class = IndicesByClass(dataset);
  for (std::size_t label = 0; label < by_class.size(); ++label) {
    Indices& indices = by_class[label];
    Shuffle({.seed = seed, .stream = stream, .index = label}, &indices);
    const auto middle = indices.begin() + count_of(static_cast<std::int64_t>(indices.size()));
    choice.chosen.insert(choice.chosen.end(), indices.begin(), middle);
    choice.others.insert(choice.others.end(), middle, indices.end());
  }
  return choice;
}

std::shared_ptr<const Dataset> Limit(std::shared_ptr<const Dataset> dataset, int limit, std::uint64_t seed) {
  const auto count_of = [limit](std::int64_t n) { return std::min<std::int64_t>(limit, n); };
  Choice choice = ChoosePerClass(*dataset, Stream::kLimit, seed, count_of);
  return std::make_shared<Subset>(std::move(dataset), std::move(choice.chosen));
}

// Rounds to the nearest count, but leaves at least one image on each side of a class that has two.
std::int64_t HoldoutCount(std::int64_t n, double share) {
  if (n < 2) return 0;
  return std::clamp<std::int64_t>(std::llround(share * static_cast<double>(n)), 1, n - 1);
}

// "; classes only in data.test: a, b"; empty where there are none.
std::string ClassesOnlyIn(absl::string_view field, const Dataset& one, const Dataset& other) {
  const std::set<std::string> known(other.classes().begin(), other.classes().end());
  std::vector<std::string> names;
  std::copy_if(one.classes().begin(), one.classes().end(), std::back_inserter(names),
               [&known](const std::string& name) { return !known.contains(name); });
  return names.empty() ? "" : absl::StrCat("; classes only in ", field, ": ", PrintableList(names));
}

absl::Status CheckSameClasses(const Dataset& train, const Dataset& test, const DataConfig& data) {
  if (!train.labelled() || !test.labelled() || train.classes() == test.classes()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data.source ", Printable(data.source), " and data.test ",
                                                 Printable(data.test), " must have the same classes",
                                                 ClassesOnlyIn("data.source", train, test),
                                                 ClassesOnlyIn("data.test", test, train)));
}

}  // namespace

absl::StatusOr<Splits> OpenSplits(const DataConfig& data, std::uint64_t seed, const DataProgress& progress) {
  if (!(data.holdout >= 0 && data.holdout < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.holdout is ", data.holdout, "; expected 0 or more, below 1"));
  }
  Splits splits;
  SIMCLR_ASSIGN_OR_RETURN(splits.train, OpenDataset(data.source, "train", progress));
  if (data.limit_per_class > 0) splits.train = Limit(splits.train, data.limit_per_class, seed);
  if (data.holdout > 0) {
    const auto count_of = [&](std::int64_t n) { return HoldoutCount(n, data.holdout); };
    Choice choice = ChoosePerClass(*splits.train, Stream::kHoldout, seed, count_of);
    splits.test = std::make_shared<Subset>(splits.train, std::move(choice.chosen));
    splits.train = std::make_shared<Subset>(splits.train, std::move(choice.others));
  }
  if (!data.test.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(splits.test, OpenDataset(data.test, "test", progress));
    SIMCLR_RETURN_IF_ERROR(CheckSameClasses(*splits.train, *splits.test, data));
  }
  return splits;
}

}  // namespace simclr::engine
