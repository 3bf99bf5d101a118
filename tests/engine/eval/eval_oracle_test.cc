#include <algorithm>
#include <tuple>
#include <vector>

#include "engine/eval/accuracy.h"
#include "engine/eval/knn_probe.h"
#include "engine/eval/linear_probe.h"
#include "gtest/gtest.h"
#include "tests/support/oracle.h"

namespace simclr::engine {
namespace {

void CheckVotes(oracle::Case& c) {
  const std::vector<double> similarities = c.settings().at("similarities");
  const std::vector<std::int64_t> labels = c.settings().at("labels");
  const std::int64_t classes = *std::max_element(labels.begin(), labels.end()) + 1;
  const at::Tensor votes =
      WeightedVotes(at::tensor(similarities, c.type()).unsqueeze(0),
                    at::tensor(labels, at::kLong).unsqueeze(0), classes, c.settings().at("temperature"));
  c.Check("votes", votes.squeeze(0));
  c.Check("prediction", votes.argmax(1).item<double>());
}

void CheckKnn(oracle::Case& c) {
  const Features bank = {c.Input("bank"), c.Input("bank_labels")};
  const at::Tensor labels = c.Input("query_labels");
  const std::int64_t classes = bank.labels.max().item<std::int64_t>() + 1;
  const KnnOptions options = {
      .k = c.settings().at("k"), .temperature = c.settings().at("temperature"), .tile = 7};
  const KnnVotes result = VoteByNeighbours(bank, c.Input("queries"), classes, options);
  c.Check("votes", result.votes);
  c.Check("predictions", result.votes.argmax(1));
  AccuracyCounter accuracy;
  accuracy.Add(result.votes, labels);
  c.Check("accuracy", accuracy.top1());
  if (c.HasOutput("neighbours")) c.Check("neighbours", std::get<0>(result.neighbours.sort(1)));
}

void CheckTopK(oracle::Case& c) {
  const at::Tensor logits = c.Input("logits");
  const at::Tensor labels = c.Input("labels");
  const std::vector<std::int64_t> batches = c.settings().at("batches");
  AccuracyCounter whole;
  std::vector<std::int64_t> top1, top5;
  std::int64_t first = 0;
  for (const std::int64_t size : batches) {
    AccuracyCounter batch;
    batch.Add(logits.narrow(0, first, size), labels.narrow(0, first, size));
    whole.Add(logits.narrow(0, first, size), labels.narrow(0, first, size));
    top1.push_back(batch.top1_hits());
    top5.push_back(batch.top5_hits());
    first += size;
  }
  c.Check("rank_of_label", RankOfLabel(logits, labels));
  c.Check("top1_hits_per_batch", at::tensor(top1, at::kLong));
  c.Check("top5_hits_per_batch", at::tensor(top5, at::kLong));
  c.Check("top1", whole.top1());
  c.Check("top5", whole.top5());
}

void CheckZeroHead(oracle::Case& c) {
  std::vector<double> losses;
  for (const std::int64_t classes : c.settings().at("classes")) {
    const Features features = {at::arange(40, c.type()).view({8, 5}), at::arange(8, at::kLong)};
    LinearProbe probe(5, classes, c.type(), {.epochs = 1, .batch = 8});
    losses.push_back(probe.TrainEpoch(features, 0));
  }
  c.Check("first_loss", at::tensor(losses, at::kDouble));
}

TEST(Oracle, Eval) {
  oracle::Runner runner("eval");
  runner.On("votes/", CheckVotes);
  runner.On("knn/", CheckKnn);
  runner.On("topk/", CheckTopK);
  runner.On("zero_head", CheckZeroHead);
  runner.Exclude("logistic/", "regression by L-BFGS over a grid of lambda is not asked for yet");
  runner.Run();
}

}  // namespace
}  // namespace simclr::engine
