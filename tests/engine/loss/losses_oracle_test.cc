#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/loss/nt_xent.h"
#include "tests/support/oracle.h"

namespace simclr::engine {
namespace {

using oracle::Case;

NtXentOptions OptionsOf(const Case& c) {
  // A tile smaller than most batches, so that the cases cross its borders.
  return {c.settings().at("temperature"), c.settings().value("l2_norm", true), /*tile=*/48};
}

at::Tensor Embeddings(const Case& c) {
  return at::cat({c.Input("a"), c.Input("b")});
}

struct LossAndGradient {
  at::Tensor loss, gradient;
};

LossAndGradient Differentiate(const at::Tensor& embeddings, std::int64_t first, std::int64_t n, double factor,
                              const NtXentOptions& options) {
  const at::Tensor z = embeddings.detach().clone().requires_grad_();
  const at::Tensor loss = NtXent(z, first, n, options) * factor;
  loss.backward();
  return {loss.detach(), z.grad()};
}

void CheckNtXent(Case& c) {
  const NtXentOptions options = OptionsOf(c);
  const at::Tensor z = Embeddings(c);
  const std::int64_t n = z.size(0) / 2;
  const auto [loss, gradient] = Differentiate(z, 0, n, 1, options);
  c.Check("loss", loss);
  c.Check("rows", NtXentRows(z, 0, n, options));
  EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << c.id();
  if (c.HasOutput("grad")) c.Check("grad", gradient);
  if (c.HasOutput("grad_rows")) {
    c.Check("grad_rows", gradient.index_select(0, c.Reference("grad_row_ids")));
    c.Check("grad_row_norms", gradient.norm(2, at::IntArrayRef{1}));
    c.Check("grad_column_sums", gradient.sum(0));
  }
  if (c.HasOutput("grad_times_factors")) {
    c.Check("grad_times_factors", gradient * c.Reference("row_factors").to(c.type()).view({-1, 1}));
  }
  if (c.HasOutput("accuracy")) {
    const ContrastMetrics metrics = MeasureContrast(z, 0, n, options);
    c.Check("accuracy", metrics.accuracy);
    c.Check("entropy", metrics.entropy);
  }
}

// Equal embeddings give ln(2N - 1) whatever the temperature; N images on a regular simplex, with equal views,
// the lower bound F. The simplex needs N dimensions: the large batches are compared in the first column
// alone.
void CheckBounds(Case& c) {
  at::Tensor table = c.Reference("table").clone();
  const std::vector<std::int64_t> batches = c.settings().at("batch_sizes");
  const std::vector<double> temperatures = {0.1, 0.2, 0.5, 1.0};
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const std::int64_t n = batches[i];
    const at::Tensor equal = at::ones({2 * n, 1}, c.type());
    table[i][0] = NtXent(equal, 0, n, {.temperature = 0.1});
    if (n > 512) continue;
    const at::Tensor simplex = (at::eye(n, c.type()) - 1.0 / static_cast<double>(n)).repeat({2, 1});
    for (std::size_t t = 0; t < temperatures.size(); ++t) {
      table[i][t + 1] = NtXent(simplex, 0, n, {.temperature = temperatures[t]});
    }
  }
  c.Check("table", table);
}

// What the ranks compute, one after the other: rank r has the rows [a_r; b_r].
void CheckRanks(Case& c) {
  const NtXentOptions options = OptionsOf(c);
  const at::Tensor z = Embeddings(c);
  const std::int64_t images = z.size(0) / 2;
  const std::vector<std::int64_t> shares = c.settings().at("images_per_rank");
  const auto label = [](std::size_t rank, const char* what) {
    return "rank" + std::to_string(rank) + "/" + what;
  };
  at::Tensor sum = at::zeros_like(z), losses = at::zeros({}, z.options());
  std::int64_t first = 0;
  for (std::size_t r = 0; r < shares.size(); first += shares[r++]) {
    const double factor = static_cast<double>(shares.size() * shares[r]) / static_cast<double>(images);
    const auto [loss, partial] = Differentiate(z, first, shares[r], factor, options);
    c.Check(label(r, "loss"), loss);
    if (c.HasOutput(label(r, "partial"))) c.Check(label(r, "partial"), partial);
    sum += partial;
    losses += loss;
  }
  c.Check("single/loss", losses / static_cast<double>(shares.size()));
  c.Check("single/grad", sum / static_cast<double>(shares.size()));
  first = 0;
  for (std::size_t r = 0; r < shares.size(); first += shares[r++]) {
    const at::Tensor own =
        at::cat({sum.narrow(0, first, shares[r]), sum.narrow(0, images + first, shares[r])});
    c.Check(label(r, "grad"), own);
  }
}

// Values of common mistakes. Two of them are this loss called in the wrong way; the others must not come out.
void CheckFingerprints(Case& c) {
  const NtXentOptions options = OptionsOf(c);
  const at::Tensor a = c.Input("a"), b = c.Input("b"), z = at::cat({a, b});
  const std::int64_t n = a.size(0), half = n / 2;
  const double loss = NtXent(z, 0, n, options).item<double>();
  c.Check("correct", loss);
  c.Check("official_scalar", 2 * loss);
  const auto part = [&](std::int64_t first) {
    return at::cat({a.narrow(0, first, half), b.narrow(0, first, half)});
  };
  c.Check("interleaved_rank_order", NtXent(at::cat({part(0), part(half)}), 0, n, options));
  c.Check("two_ranks_without_gather",
          (NtXent(part(0), 0, half, options) + NtXent(part(half), 0, half, options)) / 2);
  for (const char* mistake :
       {"self_pair_kept", "subtract_e", "positive_dropped_dcl", "other_view_block_only"}) {
    EXPECT_GT(std::abs(loss - c.Reference(mistake).item<double>()), 0.01) << mistake;
  }
  EXPECT_NE(MeasureContrast(z, 0, n, options).accuracy,
            c.Reference("accuracy_over_2N_minus_1_candidates").item<double>());
  for (const std::string& label : c.OutputLabels()) {
    if (label.find("_grad_") != std::string::npos) c.Skip(label, "the gradient itself is compared elsewhere");
  }
}

TEST(Oracle, Losses) {
  oracle::Runner runner("losses");
  runner.On("ntxent/", CheckNtXent);
  runner.On("ntxent/bounds", CheckBounds);
  runner.On("ranks/", CheckRanks);
  runner.On("fingerprints/", CheckFingerprints);
  runner.Exclude("ntlogistic/", "NT-Logistic");
  runner.Exclude("triplet/", "margin triplet");
  runner.Run();
}

}  // namespace
}  // namespace simclr::engine
