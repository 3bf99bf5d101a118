#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/torch.h"
#include "tests/support/oracle_formula.h"

namespace simclr::oracle {

// Runs every case of a topic of tests/golden/oracles (or of the folder in $SIMCLR_ORACLES, such as a set
// generated from another seed), so handlers go by formula or by the beginning of an id and read all numbers
// from the case:
//
//   TEST(Oracle, Losses) {
//     oracle::Runner runner("losses");
//     runner.On("ntxent/", [](oracle::Case& c) {
//       const at::Tensor z = at::cat({c.Input("a"), c.Input("b")});            // in the precision of this
//       pass c.Check("loss", NtXent(z, 0, z.size(0) / 2, {.temperature = c.settings().at("temperature")}));
//       if (c.HasOutput("grad")) ...
//     });
//     runner.Exclude("triplet/", "the margin triplet loss is not asked for yet");
//     runner.Run();
//   }
//
// Run() fails for a case that has neither handler nor reason, for an output that no pass compared, and for
// every value outside of its tolerance; it prints one line with the counts and the largest error. Not
// thread-safe.
class Case {
 public:
  const std::string& id() const { return id_; }
  const nlohmann::json& json() const { return *case_; }
  const nlohmann::json& settings() const { return case_->at("settings"); }
  const nlohmann::json& manifest() const { return *manifest_; }
  std::uint64_t seed() const { return manifest_->at("seed"); }

  // The precision of this pass: at::kDouble or at::kFloat.
  at::ScalarType type() const { return type_; }
  bool fp64() const { return type_ == at::kDouble; }

  bool HasInput(const std::string& label) const { return case_->at("inputs").contains(label); }
  bool HasOutput(const std::string& label) const { return case_->at("outputs").contains(label); }
  std::vector<std::string> OutputLabels() const;

  // A copy; floating numbers in the precision of this pass, integers as stored.
  at::Tensor Input(const std::string& label) const;

  // Compares by the output's tolerance class. `sizes`: for summary rows, the number of elements of each
  // tensor.
  void Check(const std::string& label, const at::Tensor& actual, const std::vector<std::int64_t>& sizes = {});
  void Check(const std::string& label, double actual);

  // The reference itself (float64 or int64), for a test of another form; the output counts as compared.
  at::Tensor Reference(const std::string& label);
  // The output is left out on purpose.
  void Skip(const std::string& label, const std::string& reason);

 private:
  friend class Runner;
  struct Results {
    std::set<std::string> compared;
    double largest = 0;  // of the limit
    std::string largest_at;
  };

  std::string id_;
  const nlohmann::json* case_ = nullptr;
  const nlohmann::json* manifest_ = nullptr;
  const std::map<std::string, at::Tensor>* tensors_ = nullptr;
  at::ScalarType type_ = at::kDouble;
  Results* results_ = nullptr;
};

enum class Passes { kBoth, kFp64, kFp32 };

class Runner {
 public:
  using Handler = std::function<void(Case&)>;

  // Fails the test where the topic cannot be read.
  explicit Runner(const std::string& topic);

  // The longest fitting prefix of the id decides between handlers and exclusions; a formula only where none
  // fits.
  void On(const std::string& id_prefix, Handler handler, Passes passes = Passes::kBoth);
  void OnFormula(const std::string& formula, Handler handler, Passes passes = Passes::kBoth);
  void Exclude(const std::string& id_prefix, const std::string& reason);
  void ExcludeFormula(const std::string& formula, const std::string& reason);

  void Run();

  const nlohmann::json& manifest() const { return manifest_; }

 private:
  struct Rule {
    std::string key;  // id prefix, or formula
    Handler handler;  // empty: excluded
    Passes passes = Passes::kBoth;
    std::string reason;
  };

  absl::Status Load(const std::string& folder);
  const Rule* Find(const nlohmann::json& entry) const;
  void RunCase(const nlohmann::json& entry, const Rule& rule, Case::Results& results);

  std::string topic_;
  nlohmann::json manifest_;
  std::map<std::string, at::Tensor> tensors_;
  std::vector<Rule> by_prefix_;
  std::vector<Rule> by_formula_;
};

}  // namespace simclr::oracle
