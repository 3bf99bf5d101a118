#include "tests/support/oracle_tolerance.h"

#include <limits>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace simclr::oracle {
namespace {

std::string ShapeOf(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

// One number, or one a step as a tensor that broadcasts along the first axis.
at::Tensor RelativeLimit(const nlohmann::json& rel, std::int64_t dimensions) {
  if (!rel.is_array()) return at::scalar_tensor(rel.get<double>(), at::kDouble);
  std::vector<std::int64_t> shape(dimensions, 1);
  shape[0] = static_cast<std::int64_t>(rel.size());
  return at::tensor(rel.get<std::vector<double>>(), at::kDouble).view(shape);
}

// What a relative error of an entry relates to.
at::Tensor Scale(const at::Tensor& reference, const std::string& rule, bool by_step,
                 const std::vector<std::int64_t>& sizes) {
  if (rule == "element") return reference.abs();
  if (rule == "summary") {
    const at::Tensor n = at::tensor(sizes, at::kLong).to(at::kDouble);
    const at::Tensor q = reference.select(-1, 1);
    const at::Tensor value = (q / n).sqrt();
    return at::stack({(q * n).sqrt(), q, value, value, value, value, value}, -1);
  }
  if (!by_step) return reference.abs().max();
  std::vector<std::int64_t> shape(reference.dim(), 1);
  shape[0] = reference.size(0);
  return reference.abs().reshape({reference.size(0), -1}).amax(1).view(shape);
}

}  // namespace

absl::StatusOr<Deviation> Measure(const at::Tensor& actual, const at::Tensor& reference,
                                  const nlohmann::json& limit, const std::string& rule,
                                  const std::vector<std::int64_t>& sizes) {
  if (actual.sizes() != reference.sizes()) {
    return absl::InvalidArgumentError(absl::StrCat("shape ", ShapeOf(actual), ", not ", ShapeOf(reference)));
  }
  if (rule == "summary" && static_cast<std::int64_t>(sizes.size()) != reference.size(-2)) {
    return absl::InvalidArgumentError(
        absl::StrCat(sizes.size(), " sizes for ", reference.size(-2), " summary rows"));
  }
  if (reference.numel() == 0) return Deviation{};
  const at::Tensor x = actual.detach().cpu().to(at::kDouble), ref = reference.to(at::kDouble);
  const nlohmann::json& rel = limit.at("rel");
  const at::Tensor bound =
      limit.at("abs").get<double>() + RelativeLimit(rel, ref.dim()) * Scale(ref, rule, rel.is_array(), sizes);
  const at::Tensor error = (x - ref).abs();
  // An exact entry of an exact class is 0 of its limit, and what is not finite is infinitely far away.
  at::Tensor ratio = at::where(error == 0, at::zeros_like(error), error / bound);
  ratio = at::nan_to_num(ratio, std::numeric_limits<double>::infinity()).flatten();
  const std::int64_t worst = ratio.argmax().item<std::int64_t>();
  return Deviation{ratio[worst].item<double>(),
                   absl::StrCat("entry ", worst, " is ", x.flatten()[worst].item<double>(), ", reference ",
                                ref.flatten()[worst].item<double>())};
}

}  // namespace simclr::oracle
