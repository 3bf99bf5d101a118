#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "engine/augment/render.h"
#include "engine/data/dataset.h"
#include "tests/engine/augment/draw_statistics.h"
#include "tests/support/oracle.h"

namespace simclr::engine {
namespace {

using nlohmann::json;

// ---- pixels
// ----------------------------------------------------------------------------------------------------------

Image ImageOf(const at::Tensor& planar) {
  const at::Tensor interleaved = planar.permute({1, 2, 0}).contiguous();
  const auto* data = interleaved.data_ptr<std::uint8_t>();
  return {
      static_cast<int>(planar.size(1)), static_cast<int>(planar.size(2)), {data, data + interleaved.numel()}};
}

template <typename T>
const Kernels<T>& Reference();
template <>
const Kernels<float>& Reference() {
  return ScalarKernels();
}
template <>
const Kernels<double>& Reference() {
  return ScalarKernelsDouble();
}

template <typename T>
at::Tensor Empty(int height, int width) {
  return at::empty({3, height, width}, c10::CppTypeToScalarType<T>::value);
}

ResizeAxis Axis(const json& settings, const char* begin, const char* length, int side) {
  ResizeAxis axis;
  axis.source_begin = settings.at(begin);
  axis.source_length = settings.at(length);
  axis.full_outputs = axis.outputs = settings.at("size")[side];
  axis.interpolation =
      settings.at("interpolation") == "bicubic" ? Interpolation::kBicubic : Interpolation::kBilinear;
  axis.antialias = settings.value("antialias", true);
  return axis;
}

template <typename T>
at::Tensor Resized(const Image& image, const json& settings, bool flip) {
  const ResizeAxis rows = Axis(settings, "top", "height", 0);
  ResizeAxis columns = Axis(settings, "left", "width", 1);
  columns.mirrored = flip;
  at::Tensor out = Empty<T>(rows.outputs, columns.outputs);
  Resize(Reference<T>(), image, rows, columns, out.data_ptr<T>());
  return out;
}

// image / 255 at its own size: the identity as a resize.
template <typename T>
at::Tensor Unit(const Image& image, bool flip = false) {
  return Resized<T>(image,
                    {{"top", 0},
                     {"left", 0},
                     {"height", image.height},
                     {"width", image.width},
                     {"size", {image.height, image.width}},
                     {"interpolation", "bilinear"}},
                    flip);
}

template <typename T>
void JitterBy(const json& order, const json& factors, at::Tensor* pixels) {
  ViewParameters view;
  for (int i = 0; i < 4; ++i) {
    view.jitter_order[i] = static_cast<JitterOp>(order[i].get<int>());
    view.jitter_factors[i] = factors[i];
  }
  Jitter(Reference<T>(), view, pixels->numel() / 3, pixels->data_ptr<T>());
}

template <typename T>
void BlurBy(const json& settings, at::Tensor* pixels) {
  GaussianBlur(Reference<T>(), settings.at("kernel"), settings.at("sigma"), pixels->size(1), pixels->size(2),
               pixels->data_ptr<T>());
}

template <typename T>
void GrayOf(at::Tensor* pixels) {
  Reference<T>().gray(pixels->data_ptr<T>(), pixels->numel() / 3);
}

template <typename T>
at::Tensor Pipeline(const Image& image, const json& settings) {
  at::Tensor pixels = Resized<T>(image, settings, settings.at("hflip"));
  if (!settings.at("jitter_order").is_null()) {
    JitterBy<T>(settings.at("jitter_order"), settings.at("jitter_factors"), &pixels);
  }
  if (settings.at("gray")) GrayOf<T>(&pixels);
  if (!settings.at("blur").is_null()) BlurBy<T>(settings.at("blur"), &pixels);
  return pixels;
}

template <typename T>
at::Tensor PixelsOf(const oracle::Case& c) {
  const std::string operation = c.id().substr(0, c.id().find('/'));
  const json& settings = c.settings();
  const Image image = ImageOf(c.Input("image"));
  if (operation == "pipeline") return Pipeline<T>(image, settings);
  if (operation == "resized_crop") return Resized<T>(image, settings, /*flip=*/false);
  at::Tensor pixels = Unit<T>(image, operation == "hflip");
  const std::size_t n = pixels.numel() / 3;
  const Kernels<T>& kernels = Reference<T>();
  T* data = pixels.data_ptr<T>();
  if (operation == "gray") GrayOf<T>(&pixels);
  if (operation == "brightness") kernels.brightness(data, n, settings.at("factor"));
  if (operation == "contrast") kernels.contrast(data, n, settings.at("factor"));
  if (operation == "saturation") kernels.saturation(data, n, settings.at("factor"));
  if (operation == "hue") kernels.hue(data, n, settings.at("factor"));
  if (operation == "jitter") JitterBy<T>(settings.at("order"), settings.at("factors"), &pixels);
  if (operation == "blur") BlurBy<T>(settings, &pixels);
  return pixels;
}

void CheckPixels(oracle::Case& c) {
  c.Check("pixels", c.fp64() ? PixelsOf<double>(c) : PixelsOf<float>(c));
}

void CheckTaps(oracle::Case& c) {
  c.Check("taps", at::tensor(GaussianTaps(c.settings().at("kernel"), c.settings().at("sigma")), at::kDouble));
}

// Where real images lie, if anywhere.
std::string TestData() {
  const char* folder = std::getenv("SIMCLR_TEST_DATA");
  return folder != nullptr ? folder : "../shared/data";
}

// The photos of the oracle are files of CIFAR-10 that are not part of this project.
void CheckDecode(oracle::Case& c) {
  const std::string archive = TestData() + "/cifar10-test.tar";
  if (!std::filesystem::exists(archive)) {
    std::cout << c.id() << ": not compared, for there is no " << archive << "\n";
    return;
  }
  const auto dataset = OpenDataset("tar:" + archive, "test");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::map<std::string, std::int64_t> places;
  for (std::int64_t i = 0; i < (*dataset)->size(); ++i) places[(*dataset)->name(i)] = i;
  std::size_t file = 0;
  for (const auto& input : c.json().at("inputs").items()) {
    const std::string name = c.settings().at("files")[file++];
    ASSERT_TRUE(places.count(name)) << name;
    EXPECT_EQ((*dataset)->Read(places[name])->pixels, ImageOf(c.Input(input.key())).pixels) << name;
  }
}

// ---- draws
// -----------------------------------------------------------------------------------------------------------

constexpr int kDraws = 20000;

// Mean, standard deviation of one draw and error of the reference's own simulation.
void ExpectMean(oracle::Case& c, const std::string& label, const std::vector<double>& samples) {
  const at::Tensor reference = c.Reference(label);
  const double mean = reference[0].item<double>(), sd = reference[1].item<double>(),
               error = reference[2].item<double>();
  if (sd == 0) {
    const auto differs = [&](double sample) { return sample != mean; };
    EXPECT_LE(std::count_if(samples.begin(), samples.end(), differs), 1) << c.id() << " " << label;
    return;
  }
  EXPECT_NEAR(Mean(samples), mean, 4.5 * sd / std::sqrt(samples.size()) + 4.5 * error)
      << c.id() << " " << label;
}

void CheckCropSampler(oracle::Case& c) {
  AugmentConfig config;
  config.min_area = c.settings().at("scale")[0];
  config.max_area = c.settings().at("scale")[1];
  config.min_aspect = c.settings().at("ratio")[0];
  config.max_aspect = c.settings().at("ratio")[1];
  const json& size = c.settings().at("image_height_width");
  const Samples samples = CropSamples(config, size[0], size[1], kDraws);
  for (const std::string& label : c.OutputLabels()) ExpectMean(c, label, samples.at(label));
}

void CheckFactors(oracle::Case& c) {
  const double strength = c.settings().at("strength");
  AugmentConfig config;
  config.brightness = config.contrast = config.saturation = 0.8 * strength;
  config.hue = 0.2 * strength;
  const Samples samples = ParameterSamples(config, 0, kDraws);
  for (const std::string& label : c.OutputLabels()) {
    const at::Tensor range = c.Reference(label);  // low, high, mean, sd
    const std::vector<double>& values = samples.at(label);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    EXPECT_GE(*low, range[0].item<double>());
    EXPECT_LE(*high, range[1].item<double>());
    EXPECT_NEAR(Mean(values), range[2].item<double>(), 4.5 * range[3].item<double>() / std::sqrt(kDraws))
        << label;
  }
}

void CheckProbabilities(oracle::Case& c) {
  const auto expected = [&](const char* label) { return c.Reference(label)[0].item<double>(); };
  const auto limit = [&](const char* label) { return c.Reference(label)[1].item<double>(); };
  AugmentConfig config;
  config.jitter_probability = expected("jitter");
  config.gray_probability = expected("gray");
  config.flip_probability = expected("flip");
  config.blur_probability = expected("blur");
  config.min_sigma = c.settings().at("sigma_range")[0];
  config.max_sigma = c.settings().at("sigma_range")[1];
  const int draws = c.settings().at("draws");
  const Samples a = ParameterSamples(config, 0, draws), b = ParameterSamples(config, 1, draws);
  for (const char* label : {"jitter", "gray", "flip", "blur", "blur_sigma"}) {
    EXPECT_NEAR(Mean(a.at(label)), expected(label), limit(label)) << label;
  }
  for (const auto& [label, values] : a) {
    EXPECT_LE(std::abs(Correlation(values, b.at(label))), limit("view_correlation")) << label;
  }
  EXPECT_LE(ChiSquare(a.at("order"), 24), limit("order_chi_square"));
  for (const char* label : {"brightness", "contrast", "saturation"}) {
    EXPECT_LE(KolmogorovSmirnov(a.at(label), 1 - config.brightness, 1 + config.brightness),
              limit("kolmogorov_smirnov"));
  }
  EXPECT_LE(KolmogorovSmirnov(a.at("hue"), -config.hue, config.hue), limit("kolmogorov_smirnov"));
}

TEST(Oracle, Augment) {
  oracle::Runner runner("augment");
  for (const char* operation : {"resized_crop/", "hflip", "gray/", "brightness/", "contrast/", "saturation/",
                                "hue/", "jitter/", "blur/", "pipeline/"}) {
    runner.On(operation, CheckPixels);
  }
  runner.On("decode", CheckDecode, oracle::Passes::kFp64);
  runner.On("taps/", CheckTaps, oracle::Passes::kFp64);
  runner.On("sampler/torchvision/", CheckCropSampler, oracle::Passes::kFp64);
  runner.On("sampler/factors/", CheckFactors, oracle::Passes::kFp64);
  runner.On("sampler/probabilities", CheckProbabilities, oracle::Passes::kFp64);
  runner.Exclude("sampler/official/", "the TensorFlow crop sampler is not asked for yet");
  runner.Exclude("blur_zero_padding/", "borders are reflected, as in torchvision");
  runner.Exclude("solarize/", "solarise is no operation of SimCLR's views");
  runner.Run();
}

}  // namespace
}  // namespace simclr::engine
