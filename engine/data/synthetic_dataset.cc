#include "engine/data/synthetic_dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "engine/base/random_key.h"

namespace simclr::engine {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kTint = 20;   // of a channel, of 255
constexpr double kTilt = 0.2;  // radians, either way; more, and two crops of an image would tell by it
constexpr double kNoise = 20;  // of a channel, uniform

double Wave(double turns) {
  return std::sin(kTurn * turns);
}
// A triangle wave of period 1 between -1 and 1.
double Triangle(double turns) {
  return 4 * std::abs(turns - std::floor(turns + 0.5)) - 1;
}
// Distance to the nearest integer, 0 to 0.5.
double Off(double turns) {
  return std::abs(turns - std::floor(turns + 0.5));
}

// Each pattern is a field over the plane in units of its own period; ink where it is positive.
double Stripes(double u, double v) {
  return Wave(u);
}
double Checks(double u, double v) {
  return Wave(u / 1.4) * Wave(v / 1.4);
}
double Rings(double u, double v) {
  return Wave(std::hypot(u, v));
}
double Dots(double u, double v) {
  return 0.3 - std::hypot(Off(u), Off(v));
}
double Hexagons(double u, double v) {
  const double a = u * 0.5 + v * 0.8660254, b = u * 0.5 - v * 0.8660254;
  return Wave(u + 0.25) + Wave(a + 0.25) + Wave(b + 0.25) + 0.6;
}
double Zigzag(double u, double v) {
  return Wave(u + 0.45 * Triangle(v / 2));
}
double Crosses(double u, double v) {
  const double x = Off(u / 1.4), y = Off(v / 1.4);
  return std::max(std::min(0.11 - x, 0.36 - y), std::min(0.36 - x, 0.11 - y));
}
double Spokes(double u, double v) {
  return Wave(3 * std::atan2(v, u) / std::numbers::pi);
}
double Bricks(double u, double v) {
  const double row = std::floor(v);
  return std::min(Off(v) - 0.16, Off(u / 2 + row / 2) - 0.08);
}
double Spiral(double u, double v) {
  return Wave(std::hypot(u, v) + 2 * std::atan2(v, u) / kTurn);
}

struct Pattern {
  const char* name;
  double (*field)(double u, double v);
  bool centred;  // has a centre, which must lie in the image
};

constexpr std::array<Pattern, 10> kPatterns = {{{"stripes", Stripes, false},
                                                {"checks", Checks, false},
                                                {"rings", Rings, true},
                                                {"dots", Dots, false},
                                                {"hexagons", Hexagons, false},
                                                {"zigzag", Zigzag, false},
                                                {"crosses", Crosses, false},
                                                {"spokes", Spokes, true},
                                                {"bricks", Bricks, false},
                                                {"spiral", Spiral, true}}};

using Colour = std::array<double, 3>;

// What is drawn for one image, apart from its class.
struct Look {
  double x, y;              // origin of the pattern, in sides
  double period;            // in sides
  double angle;             // radians
  Colour ink, paper;        // 0 to 255
  double light_x, light_y;  // brightness gradient across the image
};

// A gray level with a weak tint: strong colours would tell two crops of one image from all other images by
// themselves, and a contrastive learner would look at nothing else.
Colour Tinted(double level, KeyedRandom& random) {
  Colour colour;
  for (double& channel : colour) channel = level + random.Uniform(-kTint, kTint);
  return colour;
}

Look DrawLook(bool centred, KeyedRandom& random) {
  Look look;
  const double margin = centred ? 0.25 : 0;
  look.x = random.Uniform(margin, 1 - margin);
  look.y = random.Uniform(margin, 1 - margin);
  look.period = random.Uniform(0.15, 0.3);
  look.angle = random.Uniform(-kTilt, kTilt);
  const double dark = random.Uniform(30, 110), bright = dark + random.Uniform(80, 120);
  const bool dark_ink = random.Below(2) == 0;
  look.ink = Tinted(dark_ink ? dark : bright, random);
  look.paper = Tinted(dark_ink ? bright : dark, random);
  look.light_x = random.Uniform(-0.5, 0.5);
  look.light_y = random.Uniform(-0.5, 0.5);
  return look;
}

class SyntheticDataset final : public Dataset {
 public:
  SyntheticDataset(const SyntheticOptions& options, bool test)
      : options_(options), test_(test), size_(test ? options.test : options.train) {
    for (const Pattern& pattern : kPatterns) classes_.push_back(pattern.name);
  }

  std::int64_t size() const override { return size_; }
  int label(std::int64_t index) const override { return static_cast<int>(index % kPatterns.size()); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string name(std::int64_t index) const override { return absl::StrCat("#", index); }

  absl::StatusOr<Image> Read(std::int64_t index) const override {
    KeyedRandom random({.seed = options_.seed,
                        .stream = Stream::kSynthetic,
                        .epoch = test_ ? 1u : 0u,
                        .index = static_cast<std::uint64_t>(index)});
    const Pattern& pattern = kPatterns[label(index)];
    const Look look = DrawLook(pattern.centred, random);
    Image image{options_.size, options_.size, {}};
    image.pixels.reserve(3 * static_cast<std::size_t>(options_.size) * options_.size);
    for (int y = 0; y < options_.size; ++y) {
      for (int x = 0; x < options_.size; ++x) AppendPixel(pattern, look, x, y, random, &image.pixels);
    }
    return image;
  }

 private:
  void AppendPixel(const Pattern& pattern, const Look& look, int column, int row, KeyedRandom& random,
                   std::vector<std::uint8_t>* pixels) const {
    const double x = (column + 0.5) / options_.size, y = (row + 0.5) / options_.size;
    const double dx = (x - look.x) / look.period, dy = (y - look.y) / look.period;
    const double u = std::cos(look.angle) * dx + std::sin(look.angle) * dy;
    const double v = std::cos(look.angle) * dy - std::sin(look.angle) * dx;
    const double edge = std::clamp(0.5 + 3 * pattern.field(u, v), 0.0, 1.0);
    const double light = 1 + look.light_x * (x - 0.5) + look.light_y * (y - 0.5);
    for (int c = 0; c < 3; ++c) {
      const double colour = light * (look.paper[c] + edge * (look.ink[c] - look.paper[c]));
      const double noisy = colour + random.Uniform(-kNoise, kNoise);
      pixels->push_back(static_cast<std::uint8_t>(std::lround(std::clamp(noisy, 0.0, 255.0))));
    }
  }

  const SyntheticOptions options_;
  const bool test_;
  const std::int64_t size_;
  std::vector<std::string> classes_;
};

}  // namespace

std::shared_ptr<const Dataset> MakeSyntheticDataset(const SyntheticOptions& options,
                                                    const std::string& split) {
  return std::make_shared<SyntheticDataset>(options, split == "test");
}

}  // namespace simclr::engine
